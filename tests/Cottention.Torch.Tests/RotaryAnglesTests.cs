using Cottention.Conformance;
using static TorchSharp.torch;

namespace Cottention.Torch.Tests;

public sealed class RotaryAnglesTests
{
    // Distance of float32 numbers just below 1.
    private const double LastBit = 1.0 / (1 << 24);

    [Theory]
    [InlineData(8)]
    [InlineData(64)]
    public void InverseFrequencies_EqualReferenceToTheBit(int rotaryDim)
    {
        var expected = GoldenFile.Open("rope", "golden.safetensors").Floats($"dim{rotaryDim}.inv_freq");

        Numerics.AssertSameBits(expected, RotaryAngles.InverseFrequencies(rotaryDim));
    }

    [Theory]
    [InlineData(8)]
    [InlineData(64)]
    public void Turns_EqualReferenceTableUpToTheLastBit(int rotaryDim)
    {
        using var scope = NewDisposeScope();
        var golden = GoldenFile.Open("rope", "golden.safetensors");
        long rows = golden.Shape($"dim{rotaryDim}.table")[0];

        var turns = RotaryAngles.Turns(arange(rows).unsqueeze(0), rotaryDim, ScalarType.Float64);

        // The table: row = position, first half sin, second half cos.
        var table = cat([turns.imag, turns.real], -1);
        Numerics.AssertClose(golden.Doubles($"dim{rotaryDim}.table"), table.Values(), LastBit, "table");
    }

    [Fact]
    public void Rotate_GoldenHeads_EqualsReference()
    {
        using var scope = NewDisposeScope();
        var golden = GoldenFile.Open("rope", "golden.safetensors");
        var positions = tensor(golden.Ints("rotate.positions").Select(p => (long)p).ToArray()).unsqueeze(0);

        var turned = RotaryAngles.Rotate(
            Tensors.Read(golden, "rotate.x").unsqueeze(0), Tensors.StoredTurns(positions, 8));

        Numerics.AssertClose(golden.Doubles("rotate.y"), turned.Values(), 1e-10, "rotate.y");
    }
}
