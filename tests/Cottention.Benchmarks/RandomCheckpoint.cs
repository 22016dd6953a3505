using System.Runtime.InteropServices;
using System.Text.Json;
using Cottention.Cli.Bench;
using Cottention.Inference.Model;

namespace Cottention.Benchmarks;

/// <summary>Writes a model's folder with random weights, to measure how long a start takes.</summary>
internal static class RandomCheckpoint
{
    private const int RowsAtOnce = 256;

    /// <summary>Writes <c>config.json</c> and <c>model.safetensors</c> in the paper's 300M shape.</summary>
    /// <param name="folder">Made if missing.</param>
    /// <param name="dtype">F32 or BF16 for matrices; vectors are F32.</param>
    public static void Write(string folder, SafetensorsDtype dtype)
    {
        var config = RandomModel.Shapes[RandomModel.DefaultShape];
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "config.json"), ConfigOf(config));
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), [.. ModelTensors.Of(config).Select(tensor => ToWrite(tensor.Name, tensor.Shape, dtype))]);
    }

    private static TensorToWrite ToWrite(string name, long[] shape, SafetensorsDtype dtype)
    {
        var (stored, rows) = (shape.Length == 2 ? dtype : SafetensorsDtype.F32, (int)shape[0]);
        var width = (int)shape[1..].Aggregate(1L, (product, size) => product * size);
        return new TensorToWrite(name, stored, shape, stream =>
        {
            for (var first = 0; first < rows; first += RowsAtOnce)
            {
                var values = new float[Math.Min(RowsAtOnce, rows - first) * width];
                RandomModel.ReadRows(name, first, values.Length / width, values);
                stream.Write(stored == SafetensorsDtype.F32
                    ? MemoryMarshal.AsBytes<float>(values)
                    : MemoryMarshal.AsBytes<ushort>(Array.ConvertAll(values, value => (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16))));
            }
        });
    }

    private static string ConfigOf(ModelConfig config) => JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["model_type"] = "gptj",
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
        ["tie_word_embeddings"] = config.TieWordEmbeddings,
    });
}
