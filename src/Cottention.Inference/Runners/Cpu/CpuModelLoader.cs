using Cottention.Inference.Model;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>Reads a checkpoint's tensors, rounds them to the weight format and packs them; panels in parallel.</summary>
/// <param name="config">The model's numbers.</param>
/// <param name="read">Reads the model's tensors.</param>
/// <param name="format">F32, Bf16, Int8 or Int4.</param>
/// <param name="pool">Threads to pack with.</param>
internal sealed class CpuModelLoader(ModelConfig config, WeightRowReader read, WeightFormat format, WorkerPool pool)
{
    private readonly PaddedShape _shape = new(config);

    // Fills some rows of one panel, [16, K] and zero before.
    private delegate void PanelReader(int panel, Span<float> values);

    /// <summary>The packed model.</summary>
    public CpuModelWeights Load() => new()
    {
        Embedding = Embedding(),
        Layers = [.. Enumerable.Range(0, config.LayerCount).Select(Layer)],
        FinalNorm = Norm(ModelTensors.FinalNormWeight, ModelTensors.FinalNormBias),
        Head = Matrix(ModelTensors.HeadWeight, config.VocabularySize, config.EmbeddingSize),
        HeadBias = Vector(ModelTensors.HeadBias, config.VocabularySize),
    };

    private LayerWeights Layer(int layer)
    {
        string Name(string part) => ModelTensors.OfLayer(layer, part);
        var normConst = new float[config.HeadCount];
        read(ModelTensors.NormConst(layer), 0, 1, normConst);
        return new LayerWeights
        {
            Norm = Norm(Name("ln_1.weight"), Name("ln_1.bias")),
            AttentionIn = AttentionIn(layer),
            AttentionOut = AttentionOut(Name("attn.out_proj.weight")),
            MlpIn = Matrix(Name("mlp.fc_in.weight"), _shape.Inner, config.EmbeddingSize, config.InnerSize),
            MlpInBias = Vector(Name("mlp.fc_in.bias"), config.InnerSize),
            MlpOut = Matrix(Name("mlp.fc_out.weight"), _shape.Embedding, config.InnerSize, config.EmbeddingSize),
            MlpOutBias = Vector(Name("mlp.fc_out.bias"), config.EmbeddingSize),
            Sigmas = Array.ConvertAll(normConst, x => 1.0 / (1.0 + Math.Exp(-x))),
        };
    }

    // Rows: for each head Kp of query, of key and of value, so that a thread owns whole heads.
    private PackedMatrix AttentionIn(int layer)
    {
        string[] parts =
        [
            ModelTensors.OfLayer(layer, "attn.q_proj.weight"),
            ModelTensors.OfLayer(layer, "attn.k_proj.weight"),
            ModelTensors.OfLayer(layer, "attn.v_proj.weight"),
        ];
        var panelsPerPart = _shape.HeadDim / PackedMatrix.PanelRows;
        var matrix = new PackedMatrix(format, _shape.QueryKeyValue, config.EmbeddingSize);
        Pack(matrix, (panel, values) =>
        {
            var (head, part) = (panel / (3 * panelsPerPart), panel / panelsPerPart % 3);
            var firstRow = panel % panelsPerPart * PackedMatrix.PanelRows;
            var rows = Math.Min(PackedMatrix.PanelRows, config.HeadDim - firstRow);
            ReadRows(parts[part], (head * config.HeadDim) + firstRow, rows, config.EmbeddingSize, values, matrix.Columns);
        });
        return matrix;
    }

    // Columns: Kp for each head.
    private PackedMatrix AttentionOut(string tensor)
    {
        var matrix = new PackedMatrix(format, _shape.Embedding, _shape.Heads);
        Pack(matrix, (panel, values) =>
        {
            var rows = RowsOf(panel, config.EmbeddingSize);
            var dense = new float[rows * config.EmbeddingSize];
            read(tensor, panel * PackedMatrix.PanelRows, rows, dense);
            for (var row = 0; row < rows; row++)
                for (var head = 0; head < config.HeadCount; head++)
                    dense.AsSpan((row * config.EmbeddingSize) + (head * config.HeadDim), config.HeadDim)
                        .CopyTo(values[((row * matrix.Columns) + (head * _shape.HeadDim))..]);
        });
        return matrix;
    }

    // A matrix of paddedRows rows of which the tensor has realRows; by default all.
    private PackedMatrix Matrix(string tensor, int paddedRows, int columns, int? realRows = null)
    {
        var matrix = new PackedMatrix(format, paddedRows, columns);
        Pack(matrix, (panel, values) =>
            ReadRows(tensor, panel * PackedMatrix.PanelRows, RowsOf(panel, realRows ?? paddedRows), columns, values, matrix.Columns));
        return matrix;
    }

    private static int RowsOf(int panel, int rows) => Math.Min(PackedMatrix.PanelRows, rows - (panel * PackedMatrix.PanelRows));

    private void ReadRows(string tensor, int firstRow, int rows, int width, Span<float> values, int stride)
    {
        if (rows <= 0)
            return;
        if (width == stride)
            read(tensor, firstRow, rows, values[..(rows * width)]);
        else
            for (var row = 0; row < rows; row++)
                read(tensor, firstRow + row, 1, values.Slice(row * stride, width));
    }

    private void Pack(PackedMatrix matrix, PanelReader readPanel) => pool.Run(thread =>
    {
        var values = new float[PackedMatrix.PanelRows * matrix.Columns];
        var packer = new PanelPacker(matrix.Format, matrix.Columns);
        var (first, end) = Share.Of(matrix.PanelCount, thread, pool.Threads);
        for (var panel = first; panel < end; panel++)
        {
            values.AsSpan().Clear();
            readPanel(panel, values);
            Write(packer, values, matrix, panel);
        }
    });

    private static unsafe void Write(PanelPacker packer, ReadOnlySpan<float> values, PackedMatrix matrix, int panel) =>
        packer.Pack(values, matrix.Panel(panel));

    private EmbeddingTable Embedding()
    {
        var table = new EmbeddingTable(format, config.VocabularySize, config.EmbeddingSize);
        pool.Run(thread =>
        {
            var values = new float[config.EmbeddingSize];
            var (first, end) = Share.Of(config.VocabularySize, thread, pool.Threads);
            for (var row = first; row < end; row++)
            {
                read(ModelTensors.Embedding, row, 1, values);
                table.SetRow(row, values);
            }
        });
        return table;
    }

    private NormWeights Norm(string weight, string bias) =>
        new(Vector(weight, config.EmbeddingSize), Vector(bias, config.EmbeddingSize));

    private unsafe NativeBuffer Vector(string tensor, int length)
    {
        var buffer = NativeBuffer.OfFloats(PackedMatrix.Padded(length, PackedMatrix.PanelRows));
        read(tensor, 0, length, new Span<float>(buffer.Floats, length));
        return buffer;
    }
}
