namespace Cottention.Cuda;

/// <summary>The devices there are, or why there are none.</summary>
/// <param name="Devices">In the order of their numbers; empty if there are none.</param>
/// <param name="WhyNone">One line for people; null where there are devices.</param>
public sealed record CudaDeviceList(IReadOnlyList<CudaDevice> Devices, string? WhyNone);
