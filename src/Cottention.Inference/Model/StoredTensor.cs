namespace Cottention.Inference.Model;

/// <summary>A tensor and the file it lies in.</summary>
internal readonly record struct StoredTensor(SafetensorsFile File, TensorInfo Info)
{
    /// <summary>Size of the first dimension; 1 for a scalar.</summary>
    public long Rows => Info.Shape.Count == 0 ? 1 : Info.Shape[0];

    /// <summary>Elements of the remaining dimensions together.</summary>
    public long RowLength => Info.Shape.Skip(1).Aggregate(1L, (product, size) => product * size);

    /// <summary>A refusal that names file and tensor.</summary>
    public InferenceException Fault(string reason) => ModelFault.Of(File.Path, Info.Name, reason);
}
