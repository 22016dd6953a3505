using System.Runtime.Intrinsics.X86;
using Cottention.Conformance;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;
using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Inference.Tests.Runners;

public sealed unsafe class CpuQuantizedProductTests
{
    private const int Rows = 53;
    private const int Columns = 200;

    public static TheoryData<KernelChoice, WeightFormat, int> Cases
    {
        get
        {
            var cases = new TheoryData<KernelChoice, WeightFormat, int>();
            foreach (var kernels in new[] { KernelChoice.Avx512, KernelChoice.Avx2, KernelChoice.Portable })
                foreach (var format in new[] { WeightFormat.Int8, WeightFormat.Int4 })
                    foreach (var tokens in new[] { 1, 2, 3, 5, 8, 9, 31 })
                        cases.Add(kernels, format, tokens);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Multiply_RandomValues_SameBitsAsPlainLoops(KernelChoice choice, WeightFormat format, int tokens)
    {
        var random = new Random(tokens);
        float[] Values(int count, float scale) => [.. Enumerable.Range(0, count).Select(_ => scale * (random.NextSingle() - 0.5f))];
        Check(choice, format, Values(Rows * Columns, 0.2f), Values(tokens * Columns, 8f), tokens);
    }

    // The largest sums there can be: nothing may overflow or saturate.
    [Theory]
    [MemberData(nameof(Cases))]
    public void Multiply_AllExtremes_SameBitsAsPlainLoops(KernelChoice choice, WeightFormat format, int tokens)
    {
        var weights = Enumerable.Range(0, Rows * Columns).Select(i => i / Columns % 2 == 0 ? 1f : -1f).ToArray();
        var x = Enumerable.Range(0, tokens * Columns).Select(i => i / Columns % 3 == 0 ? -5f : 5f).ToArray();
        Check(choice, format, weights, x, tokens);
    }

    private static void Check(KernelChoice choice, WeightFormat format, float[] weights, float[] x, int tokens)
    {
        var kernels = CpuKernelSet.Choose(CpuKernelSet.Supports(choice) ? choice : KernelChoice.Auto);
        using var matrix = Pack(format, weights);
        using var tiles = new ActivationTiles(kernels, format, tokens, Columns);
        tiles.SetTokens(tokens);
        var bias = new float[matrix.PanelCount * PackedMatrix.PanelRows];
        for (var row = 0; row < Rows; row++)
            bias[row] = row - 20;
        var y = Enumerable.Range(0, tokens * Rows).Select(i => (float)i).ToArray();
        var expected = Expected(format, weights, x, bias, tokens);

        fixed (float* values = x, biases = bias, results = y)
        {
            for (var token = 0; token < tokens; token++)
            {
                tiles.Pack(token, 0, values + (token * Columns), 96);
                tiles.Pack(token, 96, values + (token * Columns) + 96, Columns - 96);
            }

            matrix.Multiply(kernels, tiles, results, Rows, biases, accumulate: true, 0, 1);
            matrix.Multiply(kernels, tiles, results, Rows, biases, accumulate: true, 1, matrix.PanelCount);
        }

        // Elsewhere multiply-adds may round twice.
        if (Fma.IsSupported)
            Numerics.AssertSameBits(expected, y, $"{kernels.Name} {format} {tokens}");
        else
            Numerics.AssertClose(Array.ConvertAll(expected, value => (double)value), y, 1e-3, $"{kernels.Name} {format} {tokens}");
    }

    private static PackedMatrix Pack(WeightFormat format, float[] weights)
    {
        var matrix = new PackedMatrix(format, Rows, Columns);
        var packer = new PanelPacker(format, matrix.Columns);
        for (var panel = 0; panel < matrix.PanelCount; panel++)
        {
            var values = new float[PackedMatrix.PanelRows * matrix.Columns];
            for (var row = 0; row < Math.Min(PackedMatrix.PanelRows, Rows - (panel * PackedMatrix.PanelRows)); row++)
                weights.AsSpan(((panel * PackedMatrix.PanelRows) + row) * Columns, Columns).CopyTo(values.AsSpan(row * matrix.Columns));
            packer.Pack(values, matrix.Panel(panel));
        }

        return matrix;
    }

    // Integers of both, group by group: sum + exact * (weight scale * activation scale), one rounding each.
    private static float[] Expected(WeightFormat format, float[] weights, float[] x, float[] bias, int tokens)
    {
        var y = new float[tokens * Rows];
        var (integers, scales) = (new sbyte[Columns], new float[GroupQuantizer.GroupCount(Columns)]);
        for (var row = 0; row < Rows; row++)
        {
            var weight = weights.AsSpan(row * Columns, Columns);
            if (format == WeightFormat.Int8)
                GroupQuantizer.ToInt8(weight, integers, scales);
            else
                GroupQuantizer.ToInt4(weight, integers, scales);
            for (var token = 0; token < tokens; token++)
            {
                var sum = 0f;
                for (var group = 0; group < scales.Length; group++)
                {
                    var values = x.AsSpan((token * Columns) + (group * 32), Math.Min(32, Columns - (group * 32)));
                    var largest = 0f;
                    foreach (var value in values)
                        largest = MathF.Max(largest, MathF.Abs(value));
                    var exact = 0;
                    for (var i = 0; i < values.Length; i++)
                        exact += integers[(group * 32) + i] * (int)MathF.Round(values[i] * (127f / largest));
                    sum = MathF.FusedMultiplyAdd(exact, scales[group] * (largest / 127f), sum);
                }

                y[(token * Rows) + row] = (token * Rows) + row + (sum + bias[row]);
            }
        }

        return y;
    }
}
