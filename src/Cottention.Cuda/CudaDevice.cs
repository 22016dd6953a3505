namespace Cottention.Cuda;

/// <summary>A device that the native library can compute on.</summary>
/// <param name="Index">Number of the device, from 0.</param>
/// <param name="Name">As its driver calls it.</param>
/// <param name="ComputeCapability">For example 9.0; 0.0 for the emulation.</param>
/// <param name="Multiprocessors">Streaming multiprocessors.</param>
/// <param name="TotalBytes">Its memory.</param>
/// <param name="FreeBytes">Memory that nobody had taken when it was asked.</param>
/// <param name="IsEmulation">Whether this is the library's CPU build: for tests, slow, never chosen unasked.</param>
public sealed record CudaDevice(
    int Index, string Name, Version ComputeCapability, int Multiprocessors, long TotalBytes, long FreeBytes, bool IsEmulation)
{
    /// <summary>Name for options and log: <c>cuda:0</c>, or <c>cuda-emulation</c>.</summary>
    public string Id => IsEmulation ? "cuda-emulation" : $"cuda:{Index}";

    /// <inheritdoc/>
    public override string ToString() => IsEmulation ? Name : $"{Name} (sm_{ComputeCapability.Major}{ComputeCapability.Minor})";
}
