namespace Cottention.PeerBenchmarks.Gguf;

/// <summary>The peers' models, in the size of the paper's 300M model: as many weights read per token.</summary>
internal static class PeerModels
{
    private const uint Embedding = 1024;
    private const uint Vocabulary = 50400;
    private const uint HeadSize = 64;

    /// <summary>The path of the model's file in a folder; the file is written if it is missing.</summary>
    public static string PreparedFile(string folder, PeerLayout layout, GgufType type)
    {
        var model = layout == PeerLayout.Phi2 ? Phi2(type) : Rwkv7(type);
        var path = Path.Combine(folder, $"{model.Architecture}-300m-{type}.gguf");
        if (GgufWriter.WriteIfMissing(path, model))
            Progress.Line($"wrote {path}, {new FileInfo(path).Length / 1e6:F0} MB");
        return path;
    }

    /// <summary>
    /// Softmax attention in the frame of GPT-J (one norm, attention beside the MLP, head with bias): 20 layers, 16 heads of
    /// 64, MLP of 3072. 261.3 M weights a token.
    /// </summary>
    private static GgufModel Phi2(GgufType type)
    {
        const uint Layers = 20, Heads = 16, Inner = 3072;
        var model = Frame("phi2", type, Layers, Inner, Heads, trainedPositions: 65536);
        model.AddKey("attention.head_count_kv", Heads);
        model.AddKey("rope.dimension_count", HeadSize);
        model.Add("output.bias", GgufType.F32, Vocabulary);
        for (var layer = 0; layer < Layers; layer++)
        {
            model.AddNorm($"blk.{layer}.attn_norm", Embedding);
            model.AddLinear($"blk.{layer}.attn_qkv", type, Embedding, 3 * Embedding);
            model.AddLinear($"blk.{layer}.attn_output", type, Embedding, Embedding);
            model.AddLinear($"blk.{layer}.ffn_up", type, Embedding, Inner);
            model.AddLinear($"blk.{layer}.ffn_down", type, Inner, Embedding);
        }

        return model;
    }

    /// <summary>The constant-memory peer: 16 layers with an MLP of 4096, state of 64 x 64 a head. About as many weights as <see cref="Phi2"/>.</summary>
    private static GgufModel Rwkv7(GgufType type)
    {
        const uint Layers = 16, Inner = 4096, Rank = 64, ValueRank = 32, GateRank = 128;
        var model = Frame("rwkv7", type, Layers, Inner, heads: 0, trainedPositions: 1 << 20);
        model.AddKey("wkv.head_size", HeadSize);
        model.AddKey("attention.decay_lora_rank", Rank);
        model.AddKey("attention.iclr_lora_rank", Rank);
        model.AddKey("attention.value_residual_mix_lora_rank", ValueRank);
        model.AddKey("attention.gate_lora_rank", GateRank);
        model.AddKey("token_shift_count", 2u);
        model.AddNorm("token_embd_norm", Embedding);
        for (var layer = 0; layer < Layers; layer++)
            AddRwkv7Layer(model, $"blk.{layer}.", type, Inner, [('w', Rank), ('a', Rank), ('v', layer == 0 ? Rank : ValueRank)], GateRank);
        return model;
    }

    private static void AddRwkv7Layer(GgufModel model, string block, GgufType type, long inner, (char Name, long Rank)[] ranks, long gateRank)
    {
        foreach (var norm in (ReadOnlySpan<string>)["attn_norm", "attn_norm_2", "time_mix_ln"])
            model.AddNorm(block + norm, Embedding);
        // The small matrices stay float16 in files that llama.cpp converts.
        foreach (var (name, rank) in ranks)
        {
            model.Add($"{block}time_mix_{name}0.weight", GgufType.F32, Embedding);
            model.Add($"{block}time_mix_{name}1.weight", GgufType.F16, Embedding, rank);
            model.Add($"{block}time_mix_{name}2.weight", GgufType.F16, rank, Embedding);
        }

        model.Add($"{block}time_mix_g1.weight", GgufType.F16, Embedding, gateRank);
        model.Add($"{block}time_mix_g2.weight", GgufType.F16, gateRank, Embedding);
        model.Add($"{block}time_mix_lerp_fused.weight", GgufType.F32, Embedding, 1, 1, 6);
        foreach (var name in (ReadOnlySpan<string>)["k_k", "k_a", "r_k"])
            model.Add($"{block}time_mix_{name}.weight", GgufType.F32, Embedding);
        foreach (var name in (ReadOnlySpan<string>)["key", "value", "receptance", "output"])
            model.Add($"{block}time_mix_{name}.weight", type, Embedding, Embedding);
        model.Add($"{block}channel_mix_lerp_k.weight", GgufType.F32, Embedding, 1, 1);
        model.Add($"{block}channel_mix_key.weight", type, Embedding, inner);
        model.Add($"{block}channel_mix_value.weight", type, inner, Embedding);
    }

    private static GgufModel Frame(string architecture, GgufType type, uint layers, uint inner, uint heads, uint trainedPositions)
    {
        var model = new GgufModel(architecture);
        model.AddKey("context_length", trainedPositions);
        model.AddKey("embedding_length", Embedding);
        model.AddKey("feed_forward_length", inner);
        model.AddKey("block_count", layers);
        model.AddKey("attention.head_count", heads);
        model.AddKey("attention.layer_norm_epsilon", 1e-5f);
        model.AddKey("vocab_size", Vocabulary);
        model.Add("token_embd.weight", type, Embedding, Vocabulary);
        model.AddNorm("output_norm", Embedding);
        model.Add("output.weight", type, Embedding, Vocabulary);
        return model;
    }
}
