using System.Numerics;
using Cottention.Conformance;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Inference.Tests.Runners;

public sealed class CottentionModelNaiveTests
{
    [Theory]
    [InlineData("len1")]
    [InlineData("len37")]
    [InlineData("len200")]
    public void Step_TinyFloat64WithStoredTable_EqualsReferenceTo10Digits(string sequence)
    {
        var golden = GoldenFile.Open("tiny", "golden.safetensors");
        var model = Model<double>("tiny", StoredTable(8));

        var logits = Feed(model, golden.Ints($"{sequence}.input_ids"));

        Numerics.AssertClose(golden.Doubles($"{sequence}.logits_rnn"), logits, 1e-10, "logits");
        Numerics.AssertClose(golden.Doubles($"{sequence}.state_final"), model.State, 1e-10, "state");
    }

    [Fact]
    public void Step_D64Float64WithStoredTable_EqualsReferenceTo10Digits()
    {
        var golden = GoldenFile.Open("d64", "golden.safetensors");
        var model = Model<double>("d64", StoredTable(64));

        var logits = Feed(model, golden.Ints("input_ids"));

        Numerics.AssertClose(golden.Doubles("logits_rnn"), logits, 1e-10, "logits");
        Numerics.AssertClose(golden.Doubles("state_final"), model.State, 1e-10, "state");
    }

    [Theory]
    [InlineData("tiny", "len1.", 1e-5)]
    [InlineData("tiny", "len37.", 1e-5)]
    [InlineData("tiny", "len200.", 1e-5)]
    [InlineData("d64", "", 1e-5)]
    [InlineData("small-rope-none", "", 1e-5)]
    public void Step_Float64_EqualsReference(string name, string prefix, double tolerance) =>
        AssertParity<double>(name, prefix, tolerance, tolerance);

    [Theory]
    [InlineData("tiny", "len1.")]
    [InlineData("tiny", "len37.")]
    [InlineData("tiny", "len200.")]
    [InlineData("d64", "")]
    [InlineData("small-rope-none", "")]
    public void Step_Float32_EqualsReference(string name, string prefix) => AssertParity<float>(name, prefix, 2e-5, 1e-5);

    [Fact]
    public void Step_Long3000_EqualsReference()
    {
        var golden = GoldenFile.Open("tiny", "golden_long3000.safetensors");
        var positions = golden.Ints("positions");
        var expected = golden.Doubles("logits_rnn");
        var model = Model<double>("tiny");

        foreach (var (token, position) in golden.Ints("input_ids").Select((token, position) => (token, position)))
        {
            var logits = model.Step(token);
            var row = Array.IndexOf(positions, position);
            if (row >= 0)
                Numerics.AssertClose(expected.AsSpan(row * 300, 300), logits, 5e-5, $"logits at {position}");
        }

        Numerics.AssertClose(golden.Doubles("state_final"), model.State, 5e-5, "state");
    }

    [Theory]
    [InlineData("tiny_f16", "len37.logits_f16_weights")]
    [InlineData("tiny_bf16", "len37.logits_bf16_weights")]
    public void Step_HalfWeights_EqualsReference(string name, string expected)
    {
        var tokens = GoldenFile.Open("tiny", "golden.safetensors").Ints("len37.input_ids");

        var logits = Feed(Model<double>(name, StoredTable(8)), tokens);

        Numerics.AssertClose(GoldenFile.Open("tiny", "golden_half_weights.safetensors").Doubles(expected), logits, 1e-10);
    }

    [Fact]
    public void Step_TraceOfLen37_EqualsReference()
    {
        var golden = GoldenFile.Open("tiny", "golden_trace_len37.safetensors");
        var tokens = GoldenFile.Open("tiny", "golden.safetensors").Ints("len37.input_ids");
        var model = Model<double>("tiny", StoredTable(8));
        var traced = new Dictionary<string, List<double>>();
        model.Trace = (name, values) => traced.TryAdd(name, [.. values]);

        for (var step = 0; step < tokens.Length; step++)
        {
            traced.Clear();
            model.Step(tokens[step]);
            foreach (var (name, values) in traced)
                Numerics.AssertClose(TokenOf(golden, name, step), values.ToArray(), 1e-10, $"{name} at {step}");
        }

        Assert.Equal(2 + (3 * 12), traced.Count);
    }

    // [tokens, width], or [heads, tokens, head dim] for what the golden trace holds per head.
    private static double[] TokenOf(GoldenFile golden, string name, int step)
    {
        var (shape, all) = (golden.Shape(name), golden.Doubles(name));
        if (shape.Length == 2)
            return all.AsSpan(step * shape[1], shape[1]).ToArray();
        return Enumerable.Range(0, shape[0])
            .SelectMany(head => all.AsSpan(((head * shape[1]) + step) * shape[2], shape[2]).ToArray()).ToArray();
    }

    private static void AssertParity<T>(string name, string prefix, double logitsTolerance, double stateTolerance)
        where T : IFloatingPointIeee754<T>
    {
        var golden = GoldenFile.Open(name, "golden.safetensors");
        var model = Model<T>(name);

        var logits = Feed(model, golden.Ints($"{prefix}input_ids"));

        Numerics.AssertClose(golden.Doubles($"{prefix}logits_rnn"), logits, logitsTolerance, "logits");
        Numerics.AssertClose(
            golden.Doubles($"{prefix}state_final"), Array.ConvertAll(model.State, double.CreateChecked), stateTolerance, "state");
    }

    private static double[] Feed<T>(CottentionModelNaive<T> model, int[] tokens)
        where T : IFloatingPointIeee754<T> =>
        tokens.SelectMany(token => model.Step(token)).Select(double.CreateChecked).ToArray();

    private static CottentionModelNaive<T> Model<T>(string name, Func<int, long, (double Sin, double Cos)>? angle = null)
        where T : IFloatingPointIeee754<T>
    {
        var golden = GoldenModel.Open(name);
        return new CottentionModelNaive<T>(golden.Config, golden.ReadRows, angle);
    }

    // The float32 table that the reference implementation rotates by: row = position, first half sin, second half cos.
    private static Func<int, long, (double Sin, double Cos)> StoredTable(int rotaryDim)
    {
        var table = GoldenFile.Open("rope", "golden.safetensors").Doubles($"dim{rotaryDim}.table");
        return (pair, position) =>
            (table[(position * rotaryDim) + pair], table[(position * rotaryDim) + (rotaryDim / 2) + pair]);
    }
}
