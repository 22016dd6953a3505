using System.Runtime.InteropServices;
using Cottention.Inference;

namespace Cottention.Torch.Runners;

/// <summary>What a fault of libtorch becomes while a runner is made: the one mapping.</summary>
internal static class TorchFault
{
    /// <summary>Runs what touches libtorch.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidArgument"/>: libtorch cannot be loaded, has too little memory, or its device fails.</exception>
    public static T Mapped<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (Of(e) is { } refusal)
        {
            throw refusal;
        }
    }

    /// <summary>The refusal of a fault; null where it is none of libtorch's.</summary>
    public static InferenceException? Of(Exception e) => e switch
    {
        // TorchSharp looks for libtorch when it is first touched; where it finds none, that is not supported.
        TypeInitializationException { InnerException: { } inner } => Of(inner),
        DllNotFoundException or BadImageFormatException or EntryPointNotFoundException or NotSupportedException => Refusal("libtorch cannot be loaded", e),
        ExternalException or OutOfMemoryException => Refusal("libtorch failed", e),
        _ => null,
    };

    // What comes after the first line is where in libtorch it happened.
    private static InferenceException Refusal(string what, Exception e) =>
        new(InferenceError.InvalidArgument, $"{what}: {e.Message.Trim().Split('\n')[0].TrimEnd()}", e);
}
