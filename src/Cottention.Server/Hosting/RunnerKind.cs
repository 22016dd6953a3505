namespace Cottention.Server.Hosting;

/// <summary>The runners there are.</summary>
internal enum RunnerKind
{
    /// <summary>Pure C# on this machine's processors.</summary>
    Cpu,

    /// <summary>The native engine on an NVIDIA GPU.</summary>
    Cuda,

    /// <summary>libtorch, in builds that carry it.</summary>
    Torch,
}
