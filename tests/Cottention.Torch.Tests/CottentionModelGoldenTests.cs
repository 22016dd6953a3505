using Cottention.Conformance;
using static TorchSharp.torch;

namespace Cottention.Torch.Tests;

public sealed class CottentionModelGoldenTests
{
    private const double Tolerance = 1e-10;

    // Where there is no stored table: sine and cosine may differ from the reference's by a last bit of float32.
    private const double OwnTableTolerance = 1e-6;

    public static TheoryData<string, string, AttentionForm> Sequences()
    {
        var data = new TheoryData<string, string, AttentionForm>();
        foreach (var form in Enum.GetValues<AttentionForm>())
        {
            data.Add("tiny", "len1.", form);
            data.Add("tiny", "len37.", form);
            data.Add("tiny", "len200.", form);
            data.Add("d64", "", form);
            data.Add("small-rope-none", "", form);
        }
        return data;
    }

    [Theory]
    [MemberData(nameof(Sequences))]
    public void Run_Float64_EqualsReference(string folder, string prefix, AttentionForm form)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var golden = GoldenFile.Open(folder, "golden.safetensors");
        var model = Load(folder);
        var tolerance = model.Turns is null ? OwnTableTolerance : Tolerance;

        var (logits, state) = model.Run(Tensors.Tokens(golden, $"{prefix}input_ids"), Zero(model), form);

        Numerics.AssertClose(golden.Doubles($"{prefix}logits_parallel"), logits.Values(), tolerance, "logits");
        Numerics.AssertClose(golden.Doubles($"{prefix}logits_rnn"), logits.Values(), tolerance, "logits");
        Numerics.AssertClose(golden.Doubles($"{prefix}state_final"), state.ToArray(), tolerance, "state");
        Assert.Equal(golden.Ints($"{prefix}input_ids").Length, state.Positions.item<long>());
    }

    [Theory]
    [InlineData(AttentionForm.Chunked)]
    [InlineData(AttentionForm.Recurrent)]
    public void Run_SplitIntoParts_EqualsReferenceStatesOnTheWay(AttentionForm form)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var golden = GoldenFile.Open("tiny", "golden.safetensors");
        var model = Load("tiny");
        var tokens = Tensors.Tokens(golden, "len200.input_ids");

        var (first, state1) = model.Run(tokens.narrow(1, 0, 1), Zero(model), form);
        var (second, state37) = model.Run(tokens.narrow(1, 1, 36), state1, form);
        var (third, state200) = model.Run(tokens.narrow(1, 37, 163), state37, form);

        Numerics.AssertClose(golden.Doubles("len200.state_after_1"), state1.ToArray(), Tolerance, "state 1");
        Numerics.AssertClose(golden.Doubles("len200.state_after_37"), state37.ToArray(), Tolerance, "state 37");
        Numerics.AssertClose(golden.Doubles("len200.state_after_200"), state200.ToArray(), Tolerance, "state 200");
        Numerics.AssertClose(golden.Doubles("len200.logits_rnn"), cat([first, second, third], 1).Values(), Tolerance, "logits");
    }

    [Theory]
    [InlineData(AttentionForm.Chunked, 300)]
    [InlineData(AttentionForm.Recurrent, 3000)]
    public void Run_3000Tokens_EqualsReference(AttentionForm form, int partLength)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var golden = GoldenFile.Open("tiny", "golden_long3000.safetensors");
        var model = Load("tiny");
        model.Turns = null;
        var tokens = Tensors.Tokens(golden, "input_ids");

        var state = Zero(model);
        var parts = new List<Tensor>();
        for (var start = 0; start < 3000; start += partLength)
        {
            (var logits, state) = model.Run(tokens.narrow(1, start, partLength), state, form);
            parts.Add(logits);
        }

        var at = cat(parts, 1)[0].index_select(0, tensor(golden.Ints("positions").Select(p => (long)p).ToArray()));
        Numerics.AssertClose(golden.Doubles("logits_rnn"), at.Values(), OwnTableTolerance, "logits");
        Numerics.AssertClose(golden.Doubles("state_final"), state.ToArray(), OwnTableTolerance, "state");
    }

    [Theory]
    [InlineData("tiny_f16", "len37.logits_f16_weights")]
    [InlineData("tiny_bf16", "len37.logits_bf16_weights")]
    public void Run_HalfWeights_EqualsReference(string folder, string expected)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var tokens = Tensors.Tokens(GoldenFile.Open("tiny", "golden.safetensors"), "len37.input_ids");

        var logits = Load(folder).call(tokens);

        Numerics.AssertClose(GoldenFile.Open("tiny", "golden_half_weights.safetensors").Doubles(expected), logits.Values(), Tolerance);
    }

    [Theory]
    [InlineData("tiny", "len200.", AttentionForm.Chunked)]
    [InlineData("tiny", "len200.", AttentionForm.Recurrent)]
    [InlineData("d64", "", AttentionForm.Chunked)]
    public void Run_Float32_EqualsReferenceWithinFloat32(string folder, string prefix, AttentionForm form)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var golden = GoldenFile.Open(folder, "golden.safetensors");
        var model = ModelFolder.Load(Fixtures.Path("golden", folder));

        var (logits, state) = model.Run(Tensors.Tokens(golden, $"{prefix}input_ids"), model.ZeroState(1), form);

        Numerics.AssertClose(golden.Doubles($"{prefix}logits_rnn"), logits.Values(), 2e-5, "logits");
        Numerics.AssertClose(golden.Doubles($"{prefix}state_final"), state.ToArray(), 1e-5, "state");
    }

    private static CottentionModel Load(string folder)
    {
        var model = ModelFolder.Load(Fixtures.Path("golden", folder), ScalarType.Float64);
        if (model.Config.RotaryDim is 8 or 64)
            model.Turns = positions => Tensors.StoredTurns(positions, model.Config.RotaryDim);
        return model;
    }

    private static ModelState Zero(CottentionModel model) => model.ZeroState(1);
}
