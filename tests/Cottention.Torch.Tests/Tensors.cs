using Cottention.Conformance;
using static TorchSharp.torch;

namespace Cottention.Torch.Tests;

/// <summary>Golden values as tensors, and tensors as values.</summary>
internal static class Tensors
{
    public static Tensor Read(GoldenFile file, string name) =>
        tensor(file.Doubles(name), [.. file.Shape(name).Select(size => (long)size)]);

    public static Tensor Tokens(GoldenFile file, string name) =>
        tensor(file.Ints(name).Select(id => (long)id).ToArray()).unsqueeze(0);

    /// <summary>
    /// The turns of the reference's own float32 table: row = position, first half sin, second half cos. Its sine and cosine
    /// differ from others by a last bit here and there, which shows in the tenth digit of logits.
    /// </summary>
    public static Tensor StoredTurns(Tensor positions, int rotaryDim)
    {
        var table = Read(GoldenFile.Open("rope", "golden.safetensors"), $"dim{rotaryDim}.table");
        var rows = table.index_select(0, positions.flatten()).reshape([.. positions.shape, 1, rotaryDim]);
        var half = rotaryDim / 2;
        return complex(rows.narrow(-1, half, half).contiguous(), rows.narrow(-1, 0, half).contiguous());
    }

    /// <summary>Heads [1, H, 1, K] of length 1, not turned: the product's own normalisation at position 0.</summary>
    public static Tensor Unit(Tensor heads) =>
        TurnedUnit.Make(heads.transpose(1, 2), RotaryAngles.Turns(zeros(1, 1, dtype: ScalarType.Int64), (int)heads.shape[^1], heads.dtype));

    public static double[] Values(this Tensor tensor)
    {
        using var plain = tensor.detach().to(ScalarType.Float64).contiguous();
        return plain.data<double>().ToArray();
    }
}
