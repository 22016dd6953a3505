using Cottention.Inference;
using Cottention.Inference.Model;

namespace Cottention.Cli.Convert;

/// <summary>Writes the tensors of PyTorch files as a model folder with safetensors, and checks the result.</summary>
internal sealed class ModelConversion
{
    /// <summary>
    /// How many times the files' size the tensors may take. Views that share a storage are written out each, and a view
    /// with stride 0 repeats elements, so that a small file could ask for any size.
    /// </summary>
    private const int MaxGrowth = 16;

    private readonly ConversionSource _source;
    private readonly DtypeChoice _dtype;

    /// <summary>A conversion of opened files.</summary>
    public ModelConversion(ConversionSource source, DtypeChoice dtype)
    {
        _source = source;
        _dtype = dtype;
        var total = source.Tensors.Values.Aggregate(Int128.Zero, (sum, t) => sum + t.Tensor.ByteLength);
        if (total > (Int128)source.FileBytes * MaxGrowth)
            throw ModelFault.Of(source.Path, null, $"its tensors take {total} bytes; allowed: {MaxGrowth} times the {source.FileBytes} of its files");
        TotalBytes = (long)total;
    }

    /// <summary>Bytes of all tensors in the source's types; what progress counts to.</summary>
    public long TotalBytes { get; }

    /// <summary>Writes the folder. It is written beside itself and moved into place at the end: a failure leaves it as it was.</summary>
    /// <param name="folder">The folder; made if missing.</param>
    /// <param name="progress">Told the bytes done since the last call.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <returns>The model's fingerprint; null if there is no config.json beside the source, and so no model to check.</returns>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: the source is faulty, or the result is no Cottention model.</exception>
    /// <exception cref="IOException">A file could not be written.</exception>
    public string? WriteTo(string folder, Action<long> progress, CancellationToken cancellation) => ModelFolderWriter.Write(
        _source.Folder, folder,
        [.. _source.Tensors.Select(t => ToWrite(t.Key, t.Value.File, t.Value.Tensor, progress, cancellation))],
        new Dictionary<string, string> { ["format"] = "pt" });

    private TensorToWrite ToWrite(string name, TorchFile file, TorchTensor tensor, Action<long> progress, CancellationToken cancellation)
    {
        var from = tensor.Storage.Dtype;
        var to = TargetOf(tensor);
        var source = new TensorSource(file, tensor);
        return new TensorToWrite(name, to, tensor.Shape, stream => source.Read(elements =>
        {
            cancellation.ThrowIfCancellationRequested();
            if (from == to)
                stream.Write(elements);
            else
                WriteConverted(stream, elements);
            progress(elements.Length);
        }));

        void WriteConverted(Stream stream, ReadOnlySpan<byte> elements)
        {
            var converted = new byte[elements.Length / from.ByteSize() * to.ByteSize()];
            if (!FloatCast.Convert(from, elements, to, converted))
                throw ModelFault.Of(file.Path, name, $"has a number too large for {to.FormatName()}");
            stream.Write(converted);
        }
    }

    private SafetensorsDtype TargetOf(TorchTensor tensor)
    {
        if (_dtype == DtypeChoice.Keep || !FloatCast.IsFloat(tensor.Storage.Dtype))
            return tensor.Storage.Dtype;
        return _dtype == DtypeChoice.BF16 && tensor.Shape.Count == 2 ? SafetensorsDtype.BF16 : SafetensorsDtype.F32;
    }
}
