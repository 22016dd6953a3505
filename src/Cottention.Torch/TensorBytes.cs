using Cottention.Inference;
using Cottention.Inference.Model;
using static TorchSharp.torch;

namespace Cottention.Torch;

/// <summary>Tensors to and from the elements of a safetensors file.</summary>
public static class TensorBytes
{
    private static readonly Dictionary<SafetensorsDtype, ScalarType> Types = new()
    {
        [SafetensorsDtype.F64] = ScalarType.Float64,
        [SafetensorsDtype.F32] = ScalarType.Float32,
        [SafetensorsDtype.F16] = ScalarType.Float16,
        [SafetensorsDtype.BF16] = ScalarType.BFloat16,
        [SafetensorsDtype.I64] = ScalarType.Int64,
    };

    /// <summary>A tensor to be written under a name, in its own type or as <paramref name="dtype"/>.</summary>
    /// <exception cref="InvalidOperationException">The tensor's type is none of those above.</exception>
    public static TensorToWrite ToWrite(string name, Tensor tensor, SafetensorsDtype? dtype = null)
    {
        var stored = dtype ?? Types.First(pair => pair.Value == tensor.dtype).Key;
        return new TensorToWrite(name, stored, tensor.shape, stream =>
        {
            using var scope = NewDisposeScope();
            stream.Write(tensor.detach().to(Types[stored]).cpu().contiguous().bytes);
        });
    }

    /// <summary>A new tensor with the elements of one in a file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="name">The tensor's name.</param>
    /// <param name="shape">Sizes it must have.</param>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: missing, or of another shape or type.</exception>
    public static Tensor Read(SafetensorsFile file, string name, long[] shape)
    {
        var info = file.Find(name) ?? throw Fault(file, name, "is missing");
        if (!info.Shape.SequenceEqual(shape))
            throw Fault(file, name, $"has shape [{string.Join(", ", info.Shape)}]; expected [{string.Join(", ", shape)}]");
        if (!Types.TryGetValue(info.Dtype, out var type))
            throw Fault(file, name, $"has type {info.Dtype}; allowed: {string.Join(", ", Types.Keys)}");
        var made = empty(shape, dtype: type);
        file.Bytes(info).CopyTo(made.bytes);
        return made;
    }

    private static InferenceException Fault(SafetensorsFile file, string name, string reason) =>
        new(InferenceError.InvalidModel, $"{file.Path}: tensor '{name}' {reason}.");
}
