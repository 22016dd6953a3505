using Cottention.Cuda.Native;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Cuda;

/// <summary>Writes a checkpoint's tensors into an engine, a part at a time; the engine rounds them to its type.</summary>
/// <param name="config">The model's numbers.</param>
/// <param name="read">Reads the model's tensors.</param>
/// <param name="engine">Not sealed yet.</param>
internal sealed unsafe class CudaModelLoader(ModelConfig config, WeightRowReader read, EngineHandle engine)
{
    // 4 MiB: large enough for the way to the device, small beside any model.
    private const int PartFloats = 1 << 20;

    private readonly float[] _part = new float[Math.Max(PartFloats, Math.Max(config.VocabularySize, Math.Max(config.EmbeddingSize, config.InnerSize)))];

    /// <summary>Writes every tensor, once.</summary>
    public void Load()
    {
        var (d, m, n) = (config.EmbeddingSize, config.InnerSize, config.VocabularySize);
        Matrix(NativeTensor.Embedding, 0, ModelTensors.Embedding, n, d);
        for (var layer = 0; layer < config.LayerCount; layer++)
            Layer(layer, d, m);
        Vector(NativeTensor.FinalNormWeight, 0, ModelTensors.FinalNormWeight, d);
        Vector(NativeTensor.FinalNormBias, 0, ModelTensors.FinalNormBias, d);
        if (!config.TieWordEmbeddings)
            Matrix(NativeTensor.Head, 0, ModelTensors.HeadWeight, n, d);
        Vector(NativeTensor.HeadBias, 0, ModelTensors.HeadBias, n);
    }

    private void Layer(int layer, int d, int m)
    {
        string Name(string part) => ModelTensors.OfLayer(layer, part);
        Vector(NativeTensor.NormWeight, layer, Name("ln_1.weight"), d);
        Vector(NativeTensor.NormBias, layer, Name("ln_1.bias"), d);
        Matrix(NativeTensor.Query, layer, Name("attn.q_proj.weight"), d, d);
        Matrix(NativeTensor.Key, layer, Name("attn.k_proj.weight"), d, d);
        Matrix(NativeTensor.Value, layer, Name("attn.v_proj.weight"), d, d);
        Sigmas(layer);
        Matrix(NativeTensor.AttentionOut, layer, Name("attn.out_proj.weight"), d, d);
        Matrix(NativeTensor.MlpIn, layer, Name("mlp.fc_in.weight"), m, d);
        Vector(NativeTensor.MlpInBias, layer, Name("mlp.fc_in.bias"), m);
        Matrix(NativeTensor.MlpOut, layer, Name("mlp.fc_out.weight"), d, m);
        Vector(NativeTensor.MlpOutBias, layer, Name("mlp.fc_out.bias"), d);
    }

    private void Matrix(NativeTensor tensor, int layer, string name, int rows, int columns)
    {
        var rowsOfAPart = Math.Max(1, _part.Length / columns);
        for (var first = 0; first < rows; first += rowsOfAPart)
        {
            var count = Math.Min(rowsOfAPart, rows - first);
            read(name, first, count, _part.AsSpan(0, count * columns));
            Write(tensor, layer, first, count);
        }
    }

    private void Vector(NativeTensor tensor, int layer, string name, int length)
    {
        read(name, 0, length, _part.AsSpan(0, length));
        Write(tensor, layer, 0, 1);
    }

    private void Sigmas(int layer)
    {
        var constants = _part.AsSpan(0, config.HeadCount);
        read(ModelTensors.NormConst(layer), 0, 1, constants);
        foreach (ref var constant in constants)
            constant = (float)(1.0 / (1.0 + Math.Exp(-constant)));
        Write(NativeTensor.Sigma, layer, 0, 1);
    }

    private void Write(NativeTensor tensor, int layer, int firstRow, int rows)
    {
        fixed (float* values = _part)
            NativeStatus.Check(NativeMethods.WriteTensor(engine, tensor, layer, firstRow, rows, values));
    }
}
