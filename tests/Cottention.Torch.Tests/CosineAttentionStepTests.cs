using System.Text.Json;
using Cottention.Conformance;
using static TorchSharp.torch;

namespace Cottention.Torch.Tests;

public sealed class CosineAttentionStepTests
{
    private const double Tolerance = 1e-10;

    [Theory]
    [InlineData("pos1", AttentionForm.Recurrent)]
    [InlineData("pos2", AttentionForm.Recurrent)]
    [InlineData("pos1000", AttentionForm.Recurrent)]
    [InlineData("pos1000000", AttentionForm.Recurrent)]
    [InlineData("zero_key_pos3", AttentionForm.Recurrent)]
    [InlineData("tiny_query_pos3", AttentionForm.Recurrent)]
    [InlineData("pos1000000", AttentionForm.Chunked)]
    [InlineData("tiny_query_pos3", AttentionForm.Chunked)]
    public void Step_GoldenCase_EqualsReference(string name, AttentionForm form)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var golden = GoldenFile.Open("step", "golden.safetensors");
        Tensor Head(string what) => Tensors.Read(golden, $"{name}.{what}").reshape(1, 2, 1, 64);
        var sigma = Tensors.Read(golden, "norm_const").sigmoid().reshape(1, 2, 1, 1);
        var before = Tensors.Read(golden, $"{name}.state_before").unsqueeze(0);

        var (query, key) = (Tensors.Unit(Head("q")), Tensors.Unit(Head("k")));
        var value = Head("v") / full([1], golden.Doubles($"{name}.position")[0], ScalarType.Float64).pow(sigma);
        var (output, after) = form == AttentionForm.Chunked
            ? ChunkedCosine.Run(query, key, value, before)
            : CosineAttention.Recurrent(query, key, value, before);

        Numerics.AssertClose(golden.Doubles($"{name}.q_unit"), query.Values(), Tolerance, "q_unit");
        Numerics.AssertClose(golden.Doubles($"{name}.k_unit"), key.Values(), Tolerance, "k_unit");
        Numerics.AssertClose(golden.Doubles($"{name}.v_scaled"), value.Values(), Tolerance, "v_scaled");
        Numerics.AssertClose(golden.Doubles($"{name}.output"), output.Values(), Tolerance, "output");
        Numerics.AssertClose(golden.Doubles($"{name}.state_after"), after.Values(), Tolerance, "state_after");
    }

    [Fact]
    public void Step_MiniCase_EqualsReferenceOverThreeSteps()
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        using var json = JsonDocument.Parse(File.ReadAllText(Fixtures.Path("golden", "step", "mini.json")));
        var sigma = tensor(json.RootElement.GetProperty("norm_const").GetDouble()).sigmoid();
        var state = zeros(1, 1, 4, 4, dtype: ScalarType.Float64);

        foreach (var step in json.RootElement.GetProperty("steps").EnumerateArray())
        {
            Tensor Head(string name) => tensor(Numbers(step.GetProperty(name))).reshape(1, 1, 1, 4);
            var value = Head("v") / tensor(step.GetProperty("position").GetDouble()).pow(sigma);
            (var output, state) = CosineAttention.Recurrent(Tensors.Unit(Head("q")), Tensors.Unit(Head("k")), value, state);

            Numerics.AssertClose(Numbers(step.GetProperty("output")), output.Values(), Tolerance, "output");
            Numerics.AssertClose(Numbers(step.GetProperty("state_after_rows_are_value_index")), state.Values(), Tolerance, "state");
        }
    }

    private static double[] Numbers(JsonElement element) => element.ValueKind == JsonValueKind.Array
        ? [.. element.EnumerateArray().SelectMany(Numbers)]
        : [element.GetDouble()];
}
