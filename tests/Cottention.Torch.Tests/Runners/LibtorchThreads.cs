namespace Cottention.Torch.Tests.Runners;

/// <summary>Tests that set libtorch's number of threads, which is one for the process and decides bits: one class at a time.</summary>
internal static class LibtorchThreads
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "libtorch threads";
}
