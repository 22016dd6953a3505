using Cottention.Conformance;
using static TorchSharp.torch;

namespace Cottention.Torch.Tests;

/// <summary>Every intermediate of every layer, each computed from the reference's own input to it.</summary>
public sealed class BlockTraceTests
{
    private const double Tolerance = 1e-10;
    private const int Tokens = 37;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Forward_EachIntermediateOfLayer_EqualsReference(int layer)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var golden = GoldenFile.Open("tiny", "golden_trace_len37.safetensors");
        var model = ModelFolder.Load(Fixtures.Path("golden", "tiny"), ScalarType.Float64);
        var block = model.Blocks[layer];
        var attention = (CosineAttention)block.Attention;
        Tensor Golden(string name) => Tensors.Read(golden, $"h{layer}.{name}");
        void Equal(string name, Tensor actual) => Numerics.AssertClose(golden.Doubles($"h{layer}.{name}"), actual.Values(), Tolerance, name);
        var positions = arange(Tokens).unsqueeze(0);
        var turns = Tensors.StoredTurns(positions, model.Config.RotaryDim);
        var counts = (positions + 1).to(ScalarType.Float64).reshape(1, 1, Tokens, 1);
        var zero = zeros(1, 4, 16, 16, dtype: ScalarType.Float64);
        var before = layer == 0 ? Tensors.Read(golden, "wte") : Tensors.Read(golden, $"h{layer - 1}.block_out");
        var normed = Golden("ln_1").unsqueeze(0);
        Tensor Turned(string name) => RotaryAngles.Rotate(Golden(name).reshape(1, Tokens, 4, 16), turns).transpose(1, 2);

        var (query, key, value) = attention.Project(normed, turns, counts);

        Equal("ln_1", block.Norm.call(before));
        Equal("q_after_rope", Turned("q_proj"));
        Equal("k_after_rope", Turned("k_proj"));
        Equal("q_unit", query);
        Equal("k_unit", key);
        Equal("v_scaled", value);
        Equal("attn_heads", ChunkedCosine.Run(query, key, value, zero).Heads);
        Equal("attn_heads", CosineAttention.Recurrent(query, key, value, zero).Heads);
        Equal("attn_out", block.Attention.call(normed, turns, counts, zero, AttentionForm.Chunked).Output);
        Equal("mlp_out", block.Mlp.call(normed));
        Equal("block_out", block.call(before.unsqueeze(0), turns, counts, zero, AttentionForm.Chunked).Output);
    }
}
