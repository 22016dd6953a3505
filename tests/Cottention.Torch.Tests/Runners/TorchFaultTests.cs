using System.Runtime.InteropServices;
using Cottention.Inference;
using Cottention.Torch.Runners;

namespace Cottention.Torch.Tests.Runners;

public sealed class TorchFaultTests
{
    public static TheoryData<Exception, string> Faults => new()
    {
        { new NativeException("CUDA error: out of memory\nException raised from here\n  frame #0"), "libtorch failed: CUDA error: out of memory" },
        { new InsufficientMemoryException("too much"), "libtorch failed: too much" },
        { new DllNotFoundException("Unable to load 'LibTorchSharp'\nfrom there"), "libtorch cannot be loaded: Unable to load 'LibTorchSharp'" },
        { new NotSupportedException("\nThis application has no libtorch-cpu.\n\nTrace:"), "libtorch cannot be loaded: This application has no libtorch-cpu." },
        { new TypeInitializationException("TorchSharp.torch", new DllNotFoundException("no library")), "libtorch cannot be loaded: no library" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public void Mapped_FaultOfLibtorch_IsOneLine(Exception fault, string expected)
    {
        var refusal = Assert.Throws<InferenceException>(() => TorchFault.Mapped<int>(() => throw fault));

        Assert.Equal((InferenceError.InvalidArgument, expected), (refusal.Error, refusal.Message));
    }

    [Fact]
    public void Mapped_OurOwnFault_IsNotHidden() =>
        Assert.Throws<InvalidOperationException>(() => TorchFault.Mapped<int>(() => throw new InvalidOperationException("a bug")));

    // As TorchSharp throws what libtorch says; its own type is not for others to make.
    private sealed class NativeException(string message) : ExternalException(message);
}
