namespace Cottention.Inference.Model;

/// <summary>
/// The trained weights of a model on disk: <c>config.json</c> and safetensors, memory-mapped, with exactly the tensors
/// the configuration asks for. Any thread may read, several at once.
/// </summary>
public sealed class Checkpoint : IDisposable
{
    private readonly CheckpointFiles _files;
    private readonly Lazy<Task<string>> _fingerprint;

    private readonly Dictionary<string, long[]> _shapes;

    private Checkpoint(string folder, ModelConfig config, CheckpointFiles files)
    {
        Folder = folder;
        Config = config;
        _files = files;
        TensorNames = [.. ModelTensors.Of(config).Select(t => t.Name).Order(StringComparer.Ordinal)];
        _shapes = ModelTensors.Of(config).ToDictionary(t => t.Name, t => t.Shape, StringComparer.Ordinal);
        string[] stored = [.. TensorNames.Concat(TensorNames.Where(name => QuantizedMatrix.Is(files.Tensors[name])).Select(ModelTensors.ScalesOf)).Order(StringComparer.Ordinal)];
        WeightBytes = stored.Sum(name => files.Tensors[name].Info.ByteLength);
        _fingerprint = new Lazy<Task<string>>(() => Task.Run(() => CheckpointFingerprint.Compute(Config, stored.Select(name => files.Tensors[name]))));
    }

    /// <summary>The folder it was opened from.</summary>
    public string Folder { get; }

    /// <summary>The model's numbers.</summary>
    public ModelConfig Config { get; }

    /// <summary>The model's tensors in ordinal order; a tied head's weight and buffers that are no weights are not among them.</summary>
    public IReadOnlyList<string> TensorNames { get; }

    /// <summary>Bytes of all weights as they are stored.</summary>
    public long WeightBytes { get; }

    /// <summary>
    /// SHA-256, 64 lower-case hexadecimal digits, over what decides the model's numbers: sizes, epsilon, and name, type,
    /// shape and bytes of every tensor in name order. The same however the tensors are spread over files. Computed at the
    /// first call, or at <see cref="BeginFingerprint"/>; either reads every weight once.
    /// </summary>
    public string Fingerprint => _fingerprint.Value.GetAwaiter().GetResult();

    /// <summary>Has the fingerprint computed on another thread, beside what the caller does next.</summary>
    public void BeginFingerprint() => _ = _fingerprint.Value;

    /// <summary>Opens a model's folder and checks it. Weights are mapped, not read; only norm_const is looked at.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>, one line with file, tensor and reason.</exception>
    public static Checkpoint Open(string folder)
    {
        if (!Directory.Exists(folder))
            throw ModelFault.Of(folder, null, "there is no such folder");
        var config = ModelConfigReader.Read(folder);
        var files = CheckpointFiles.Open(folder);
        try
        {
            CheckpointRules.Check(config, files);
            var checkpoint = new Checkpoint(folder, config, files);
            checkpoint.RequireFiniteNormConstants();
            return checkpoint;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>Element type in which a tensor is stored: F32, F16, BF16, or I8 and U8 (see <see cref="QuantizedMatrix"/>).</summary>
    /// <exception cref="ArgumentException">The model has no such tensor.</exception>
    public SafetensorsDtype DtypeOf(string tensor) => Find(tensor).Info.Dtype;

    /// <summary>Bytes in which a tensor is stored, a quantised one with its scales.</summary>
    /// <exception cref="ArgumentException">The model has no such tensor.</exception>
    public long BytesOf(string tensor)
    {
        var stored = Find(tensor);
        var scales = QuantizedMatrix.Is(stored) ? _files.Tensors[ModelTensors.ScalesOf(stored.Info.Name)].Info.ByteLength : 0;
        return stored.Info.ByteLength + scales;
    }

    /// <summary>Shape of a tensor as the model sees it, outermost dimension first; 4-bit integers are stored in half the columns.</summary>
    /// <exception cref="ArgumentException">The model has no such tensor.</exception>
    public IReadOnlyList<long> ShapeOf(string tensor) => _shapes[Find(tensor).Info.Name];

    /// <summary>
    /// Reads rows of a tensor, widened to float32 exactly. A row is what one index of the first dimension selects: D
    /// values of a <c>[N, D]</c> matrix, 1 of a <c>[D]</c> bias, H of a <c>[1, H, 1, 1]</c> norm_const.
    /// </summary>
    /// <param name="tensor">Name as in <see cref="ModelTensors"/>; a tied head's weight is the embedding's.</param>
    /// <param name="firstRow">First index of the first dimension.</param>
    /// <param name="rowCount">Number of rows.</param>
    /// <param name="destination">[rowCount, remaining dimensions] f32.</param>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: a value is NaN or infinite.</exception>
    /// <exception cref="ArgumentException">No such tensor, or the destination's length does not fit.</exception>
    public void ReadRows(string tensor, int firstRow, int rowCount, Span<float> destination)
    {
        var stored = Find(tensor);
        if (QuantizedMatrix.Is(stored))
        {
            ReadQuantizedRows(stored, firstRow, rowCount, destination);
            return;
        }

        var bytes = RowBytes(tensor, firstRow, rowCount);
        if (destination.Length != bytes.Length / stored.Info.Dtype.ByteSize())
            throw new ArgumentException(
                $"Destination holds {destination.Length} values; {rowCount} rows of '{tensor}' are {bytes.Length / stored.Info.Dtype.ByteSize()}.",
                nameof(destination));
        WeightConversion.ToSingle(stored.Info.Dtype, bytes, destination);
        var wrong = WeightConversion.IndexOfNonFinite(destination);
        if (wrong >= 0)
            throw stored.Fault($"element {firstRow * stored.RowLength + wrong} is {destination[wrong]}; allowed: finite numbers");
    }

    private void ReadQuantizedRows(StoredTensor stored, int firstRow, int rowCount, Span<float> destination)
    {
        var columns = (int)_shapes[stored.Info.Name][1];
        if (destination.Length != rowCount * (long)columns)
            throw new ArgumentException(
                $"Destination holds {destination.Length} values; {rowCount} rows of '{stored.Info.Name}' are {rowCount * (long)columns}.", nameof(destination));
        var scales = new float[GroupQuantizer.GroupCount(columns)];
        for (var row = 0; row < rowCount; row++)
        {
            ReadRows(ModelTensors.ScalesOf(stored.Info.Name), firstRow + row, 1, scales);
            QuantizedMatrix.Widen(
                stored.Info.Dtype, RowBytes(stored.Info.Name, firstRow + row, 1), scales, destination.Slice(row * columns, columns));
        }
    }

    /// <summary>Rows of a tensor as they are stored, straight from the mapping; not checked for NaN, not aligned to anything.</summary>
    /// <inheritdoc cref="ReadRows" path="/param"/>
    /// <returns>[rowCount, remaining dimensions] of <see cref="DtypeOf"/>, little-endian.</returns>
    /// <exception cref="ArgumentException">No such tensor or rows, or more than 2 GiB - 1 bytes.</exception>
    public ReadOnlySpan<byte> RowBytes(string tensor, int firstRow, int rowCount)
    {
        var stored = Find(tensor);
        ArgumentOutOfRangeException.ThrowIfNegative(firstRow);
        ArgumentOutOfRangeException.ThrowIfNegative(rowCount);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(firstRow, stored.Rows - rowCount);
        var bytesPerRow = stored.RowLength * stored.Info.Dtype.ByteSize();
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rowCount * bytesPerRow, int.MaxValue, nameof(rowCount));
        return stored.File.Bytes(stored.Info, firstRow * bytesPerRow, (int)(rowCount * bytesPerRow));
    }

    /// <summary>Unmaps the files, when nothing begun here reads them any more.</summary>
    public void Dispose()
    {
        if (_fingerprint.IsValueCreated)
            Task.WaitAny(_fingerprint.Value);
        _files.Dispose();
    }

    private StoredTensor Find(string tensor)
    {
        var name = tensor == ModelTensors.HeadWeight && Config.TieWordEmbeddings ? ModelTensors.Embedding : tensor;
        return _files.Tensors.TryGetValue(name, out var stored)
            ? stored
            : throw new ArgumentException($"The model has no tensor '{tensor}'.", nameof(tensor));
    }

    private void RequireFiniteNormConstants()
    {
        var values = new float[Config.HeadCount];
        for (var layer = 0; layer < Config.LayerCount; layer++)
            ReadRows(ModelTensors.NormConst(layer), 0, 1, values);
    }
}
