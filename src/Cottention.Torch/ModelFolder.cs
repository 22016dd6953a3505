using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Cottention.Inference;
using Cottention.Inference.Model;
using static TorchSharp.torch;

namespace Cottention.Torch;

/// <summary>Reads and writes models as Hugging Face style GPT-J folders: config.json and model.safetensors.</summary>
public static class ModelFolder
{
    private const string WeightsFile = "model.safetensors";

    /// <summary>Loads a model.</summary>
    /// <param name="folder">Where it lies.</param>
    /// <param name="type">Type the weights are widened to: Float32 (default) or Float64.</param>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>, one line with file, tensor and reason.</exception>
    public static CottentionModel Load(string folder, ScalarType type = ScalarType.Float32)
    {
        using var checkpoint = Checkpoint.Open(folder);
        var model = new CottentionModel(checkpoint.Config, type);
        using var noGradient = no_grad();
        foreach (var (name, parameter) in model.named_parameters())
        {
            using var values = zeros(parameter.shape);
            checkpoint.ReadRows(name, 0, (int)parameter.shape[0], MemoryMarshal.Cast<byte, float>(values.bytes));
            parameter.copy_(values);
        }
        return model;
    }

    /// <summary>
    /// Writes a model. Matrices are stored as <paramref name="matrices"/>; norms, biases and norm_const always as float32.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">Where to; made if missing.</param>
    /// <param name="matrices">Element type of matrices, BF16 by default.</param>
    public static void Save(CottentionModel model, string folder, SafetensorsDtype matrices = SafetensorsDtype.BF16)
    {
        Directory.CreateDirectory(folder);
        var config = Config(model.Config, matrices).ToJsonString(new() { WriteIndented = true });
        File.WriteAllText(Path.Combine(folder, ModelConfigReader.FileName), config + "\n");
        SafetensorsWriter.Write(
            Path.Combine(folder, WeightsFile),
            [.. model.named_parameters().Select(p => TensorBytes.ToWrite(p.name, p.parameter, p.parameter.dim() == 2 ? matrices : SafetensorsDtype.F32))],
            new Dictionary<string, string> { ["format"] = "pt" });
    }

    private static JsonObject Config(ModelConfig config, SafetensorsDtype matrices) => new()
    {
        ["model_type"] = "gptj",
        ["architectures"] = new JsonArray("GPTJForCausalLM"),
        ["activation_function"] = "gelu_new",
        ["n_embd"] = config.EmbeddingSize,
        ["n_head"] = config.HeadCount,
        ["n_inner"] = config.InnerSize,
        ["n_layer"] = config.LayerCount,
        ["n_positions"] = config.TrainedPositions,
        ["rotary"] = true,
        ["rotary_dim"] = config.RotaryDim,
        ["vocab_size"] = config.VocabularySize,
        ["layer_norm_epsilon"] = config.LayerNormEpsilon,
        ["bos_token_id"] = config.BosTokenId,
        ["eos_token_id"] = config.EosTokenId,
        ["tie_word_embeddings"] = config.TieWordEmbeddings,
        ["torch_dtype"] = matrices == SafetensorsDtype.BF16 ? "bfloat16" : "float32",
    };
}
