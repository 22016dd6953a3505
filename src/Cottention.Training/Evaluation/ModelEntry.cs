namespace Cottention.Training.Evaluation;

/// <summary>A model that was measured.</summary>
/// <param name="Name">What tables and charts call it.</param>
/// <param name="Folder">Where it is.</param>
/// <param name="Fingerprint">Hash of its sizes and weights.</param>
/// <param name="TokenizerSha256">Hash of its vocabulary.</param>
/// <param name="Parameters">Number of weights.</param>
/// <param name="TrainedPositions">Longest sequence of its training.</param>
internal sealed record ModelEntry(string Name, string Folder, string Fingerprint, string TokenizerSha256, long Parameters, int TrainedPositions)
{
    /// <summary>Describes a model.</summary>
    public static ModelEntry Of(EvaluatedModel model) => new(
        model.Source.Name,
        model.Source.Folder,
        model.Fingerprint,
        Convert.ToHexStringLower(model.Tokenizer.Fingerprint),
        model.Parameters,
        model.TrainedPositions);
}
