namespace Cottention.Inference.Model;

/// <summary>Compares the tensors of a checkpoint with those its configuration asks for: exactly these, each of its shape.</summary>
internal static class CheckpointRules
{
    private const string NormConstReason =
        "is missing; every layer of a Cottention model has a trained one, and no value can stand in for it "
        + "(the authors' own loader silently runs at 0.5 then): was the model trained with this attention, and saved whole?";

    /// <summary>Refuses missing, extra, misshapen and mistyped tensors; the first in the model's or the name's order.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>.</exception>
    public static void Check(ModelConfig config, CheckpointFiles files)
    {
        var expected = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, shape) in ModelTensors.Of(config))
        {
            expected.Add(name);
            if (!files.Tensors.TryGetValue(name, out var stored))
                throw ModelFault.Of(files.Path, name, name.EndsWith(".norm_const", StringComparison.Ordinal) ? NormConstReason : "is missing");
            if (QuantizedMatrix.Is(stored))
                expected.Add(QuantizedMatrix.Check(config, files, stored, shape));
            else if (!stored.Info.Shape.SequenceEqual(shape))
                throw stored.Fault($"has shape {ModelFault.ShapeText(stored.Info.Shape)}; {ModelConfigReader.FileName} asks for {ModelFault.ShapeText(shape)}");
            else if (!WeightConversion.IsSupported(stored.Info.Dtype))
                throw stored.Fault($"has dtype {stored.Info.Dtype.FormatName()}; allowed: F32, F16, BF16{(ModelTensors.IsQuantizable(name) ? ", I8 and U8 with scales" : "")}");
        }
        foreach (var (name, stored) in files.Tensors.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            if (name == ModelTensors.HeadWeight && config.TieWordEmbeddings)
                RequireSame(stored, files.Tensors[ModelTensors.Embedding]);
            else if (!expected.Contains(name) && !ModelTensors.IsHarmlessBuffer(name, config))
                throw stored.Fault($"is not of this model (n_layer {config.LayerCount}, tie_word_embeddings {(config.TieWordEmbeddings ? "true" : "false")})");
    }

    /// <summary>A tied head may be stored as well, if it says the same as the embedding that stands in for it.</summary>
    private static void RequireSame(StoredTensor head, StoredTensor embedding)
    {
        const int chunk = 1 << 24;
        var same = head.Info.Dtype == embedding.Info.Dtype && head.Info.Shape.SequenceEqual(embedding.Info.Shape);
        for (var offset = 0L; same && offset < head.Info.ByteLength; offset += chunk)
        {
            var count = (int)Math.Min(chunk, head.Info.ByteLength - offset);
            same = head.File.Bytes(head.Info, offset, count).SequenceEqual(embedding.File.Bytes(embedding.Info, offset, count));
        }
        if (!same)
            throw head.Fault($"differs from {ModelTensors.Embedding}, though tie_word_embeddings is true");
    }
}
