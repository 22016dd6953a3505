using System.Numerics;
using System.Text.Json;
using Cottention.Conformance;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Inference.Tests.Runners;

public sealed class CosineAttentionNaiveTests
{
    public static TheoryData<string> StepCases =>
        ["pos1", "pos2", "pos1000", "pos1000000", "zero_key_pos3", "tiny_query_pos3"];

    [Fact]
    public void Step_MiniVectors_EqualReference()
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Path("golden", "step", "mini.json")));
        var sigma = json.RootElement.GetProperty("sigma").GetDouble();
        var state = new double[16];
        var output = new double[4];

        foreach (var step in json.RootElement.GetProperty("steps").EnumerateArray())
        {
            CosineAttentionNaive<double>.Step(
                Vector(step, "q"), Vector(step, "k"), Vector(step, "v"), sigma, step.GetProperty("position").GetInt64(), state, output);

            var expectedState = step.GetProperty("state_after_rows_are_value_index").EnumerateArray()
                .SelectMany(row => row.EnumerateArray().Select(value => value.GetDouble())).ToArray();
            Numerics.AssertClose(expectedState, state, 1e-14, "state");
            Numerics.AssertClose(Vector(step, "output"), output, 1e-14, "output");
        }
    }

    [Theory]
    [MemberData(nameof(StepCases))]
    public void Step_Float64_EqualsReference(string name) => AssertStep<double>(name, 1e-10);

    [Theory]
    [MemberData(nameof(StepCases))]
    public void Step_Float32_EqualsReference(string name) => AssertStep<float>(name, 1e-5);

    [Theory]
    [MemberData(nameof(StepCases))]
    public void NormalizeAndScaleValue_Float64_EqualReference(string name)
    {
        var golden = GoldenFile.Open("step", "golden.safetensors");
        var count = golden.Ints($"{name}.position")[0];
        var normConst = golden.Doubles("norm_const");

        for (var head = 0; head < 2; head++)
        {
            var own = (head * 64)..((head + 1) * 64);
            var unitQuery = CosineAttentionNaive<double>.Normalize(golden.Doubles($"{name}.q").AsSpan(own));
            var unitKey = CosineAttentionNaive<double>.Normalize(golden.Doubles($"{name}.k").AsSpan(own));
            var scaled = CosineAttentionNaive<double>.ScaleValue(
                golden.Doubles($"{name}.v").AsSpan(own), Sigmoid(normConst[head]), count);

            Numerics.AssertClose(golden.Doubles($"{name}.q_unit").AsSpan(own), unitQuery, 1e-12, "q");
            Numerics.AssertClose(golden.Doubles($"{name}.k_unit").AsSpan(own), unitKey, 1e-12, "k");
            Numerics.AssertClose(golden.Doubles($"{name}.v_scaled").AsSpan(own), scaled, 1e-12, "v");
        }
    }

    private static void AssertStep<T>(string name, double tolerance)
        where T : IFloatingPointIeee754<T>
    {
        var golden = GoldenFile.Open("step", "golden.safetensors");
        T[] Read(string tensor) => Array.ConvertAll(golden.Doubles($"{name}.{tensor}"), T.CreateChecked);
        var (q, k, v, state, output) = (Read("q"), Read("k"), Read("v"), Read("state_before"), new T[128]);
        var normConst = golden.Doubles("norm_const");
        var count = golden.Ints($"{name}.position")[0];

        for (var head = 0; head < 2; head++)
        {
            var own = (head * 64)..((head + 1) * 64);
            var ownState = state.AsSpan(head * 4096, 4096);
            CosineAttentionNaive<T>.Step(
                q.AsSpan(own), k.AsSpan(own), v.AsSpan(own), Sigmoid(normConst[head]), count, ownState, output.AsSpan(own));
        }

        Numerics.AssertClose(golden.Doubles($"{name}.state_after"), Array.ConvertAll(state, double.CreateChecked), tolerance, "state");
        Numerics.AssertClose(golden.Doubles($"{name}.output"), Array.ConvertAll(output, double.CreateChecked), tolerance, "output");
    }

    private static double Sigmoid(double x) => 1.0 / (1.0 + Math.Exp(-x));

    private static double[] Vector(JsonElement step, string name) =>
        step.GetProperty(name).EnumerateArray().Select(value => value.GetDouble()).ToArray();
}
