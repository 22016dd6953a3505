using Cottention.Conformance;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Inference.Tests.Runners;

public sealed class RotaryTurnsTests
{
    [Theory]
    [InlineData(8)]
    [InlineData(64)]
    public void InverseFrequency_AnyPair_EqualsReferenceToTheBit(int rotaryDim)
    {
        var expected = GoldenFile.Open("rope", "golden.safetensors").Floats($"dim{rotaryDim}.inv_freq");

        var actual = Enumerable.Range(0, rotaryDim / 2).Select(pair => RotaryTurns.InverseFrequency(pair, rotaryDim)).ToArray();

        Numerics.AssertSameBits(expected, actual);
    }

    [Theory]
    [InlineData(8)]
    [InlineData(64)]
    public void SinCosAt_TablePositions_WithinFloat32AngleRounding(int rotaryDim)
    {
        // The reference rounds position * inv_freq to float32: up to 6.1e-5 rad at position 2047.
        const double tolerance = 7.5e-5;
        var golden = GoldenFile.Open("rope", "golden.safetensors");
        var table = golden.Doubles($"dim{rotaryDim}.table");
        var turns = new RotaryTurns(rotaryDim);

        var actual = new double[table.Length];
        for (var position = 0; position < golden.Shape($"dim{rotaryDim}.table")[0]; position++)
            for (var pair = 0; pair < turns.PairCount; pair++)
            {
                var (sin, cos) = turns.SinCosAt(pair, position);
                actual[(position * rotaryDim) + pair] = sin;
                actual[(position * rotaryDim) + turns.PairCount + pair] = cos;
            }

        Numerics.AssertClose(table, actual, tolerance);
    }

    [Fact]
    public void TurnAt_HugePositions_EqualsExactProduct()
    {
        // Turns of 1 rad in units of 2^-32: round-down of position / 2 pi, from 40 digits of 1 / 2 pi.
        var turns = new RotaryTurns(64);
        var inverseTwoPi = System.Numerics.BigInteger.Parse(
            "1591549430918953357688837633725143620344", System.Globalization.CultureInfo.InvariantCulture);
        var scale = System.Numerics.BigInteger.Pow(10, 40);

        foreach (var position in new[] { 1L, 2047, 1_000_000, 1L << 31 })
        {
            var expected = (int)(uint)(((position * inverseTwoPi << 32) / scale) & uint.MaxValue);
            Assert.InRange(turns.TurnAt(0, position), expected - 1, expected + 1);
        }
    }

    [Fact]
    public void SinCosAt_Position2To40_IsTheAngleOfTheExactTurn()
    {
        var turns = new RotaryTurns(64);
        var exactTurn = (double)((1L << 40) * 0.1591549430918953357688837633725143620344m % 1m);

        var (sin, cos) = turns.SinCosAt(0, 1L << 40);

        // 2^40 units of 2^-65 turns, in radians, and the 32-bit turn.
        Numerics.AssertClose([Math.Sin(exactTurn * Math.Tau), Math.Cos(exactTurn * Math.Tau)], [sin, cos], 2.5e-7);
    }

    [Fact]
    public void Rotate_GoldenVectors_EqualReference()
    {
        var golden = GoldenFile.Open("rope", "golden.safetensors");
        var positions = golden.Ints("rotate.positions");
        var actual = golden.Doubles("rotate.x");

        for (var row = 0; row < positions.Length * 2; row++)
            CosineAttentionNaive<double>.Rotate(actual.AsSpan(row * 8, 8), 4, new RotaryTurns(8).SinCosAt, positions[row / 2]);

        Numerics.AssertClose(golden.Doubles("rotate.y"), actual, 2e-5);
    }
}
