using Cottention.Conformance;
using Cottention.Inference.Runners.Cpu;
using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Inference.Tests.Runners;

public sealed unsafe class CpuKernelSetTests
{
    public static TheoryData<KernelChoice> KernelChoices => [KernelChoice.Avx512, KernelChoice.Avx2, KernelChoice.Portable];

    [Theory]
    [MemberData(nameof(KernelChoices))]
    public void GeluNew_WholeRange_EqualsTheTanhForm(KernelChoice choice)
    {
        var values = Enumerable.Range(-640, 1280).Select(i => i / 32f).ToArray();
        double[] expected = Array.ConvertAll(values, x =>
        {
            double t = x;
            return 0.5 * t * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (t + (0.044715 * t * t * t))));
        });

        fixed (float* x = values)
            Kernels(choice).GeluNew(x, values.Length);

        Numerics.AssertClose(expected, values, 2e-6);
    }

    [Theory]
    [MemberData(nameof(KernelChoices))]
    public void GeluNew_HugeAndNaN_NeverTurnIntoOtherNumbers(KernelChoice choice)
    {
        var values = new float[16];
        (values[0], values[1], values[2]) = (1e20f, -1e20f, float.NaN);

        fixed (float* x = values)
            Kernels(choice).GeluNew(x, values.Length);

        Assert.Equal(1e20f, values[0]);
        Assert.Equal(0f, values[1]);
        Assert.True(float.IsNaN(values[2]));
    }

    [Theory]
    [MemberData(nameof(KernelChoices))]
    public void LayerNorm_AnyLength_EqualsFloat64(KernelChoice choice)
    {
        foreach (var count in new[] { 1, 2, 15, 16, 17, 63, 100, 1024 })
        {
            var padded = PackedMatrix.Padded(count, 16);
            var random = new Random(count);
            float[] Vector() => [.. Enumerable.Range(0, padded).Select(i => i < count ? 3f + random.NextSingle() : 0f)];
            var (input, weight, bias, output) = (Vector(), Vector(), Vector(), new float[padded]);

            fixed (float* x = input, w = weight, b = bias, y = output)
                Kernels(choice).LayerNorm(x, w, b, 1e-5f, y, count);

            var mean = input.Take(count).Average(v => (double)v);
            var variance = input.Take(count).Average(v => (v - mean) * (v - mean));
            var expected = Enumerable.Range(0, count).Select(i => ((input[i] - mean) / Math.Sqrt(variance + 1e-5) * weight[i]) + bias[i]).ToArray();
            Numerics.AssertClose(expected, output.AsSpan(0, count), 2e-5, $"LayerNorm of {count}");
            Assert.All(output.Skip(count), value => Assert.Equal(0f, value));
        }
    }

    [Fact]
    public void Choose_Portable_IsOnEveryMachine() => Assert.Equal("portable", CpuKernelSet.Choose(KernelChoice.Portable).Name);

    private static CpuKernelSet Kernels(KernelChoice choice) =>
        CpuKernelSet.Choose(CpuKernelSet.Supports(choice) ? choice : KernelChoice.Auto);
}
