namespace Cottention.Training.Evaluation;

/// <summary>A text that was measured on, in a model's tokens.</summary>
/// <param name="Name">Name without folder and without .txt and .gz.</param>
/// <param name="Path">Where it is.</param>
/// <param name="Sha256">Of the file's bytes.</param>
/// <param name="Model">Whose tokens they are.</param>
/// <param name="Documents">Documents of the file.</param>
/// <param name="Tokens">Tokens of the file, the ends of its documents among them.</param>
internal sealed record TextEntry(string Name, string Path, string Sha256, string Model, int Documents, int Tokens)
{
    /// <summary>Describes a text.</summary>
    public static TextEntry Of(EvaluatedText text, EvaluatedModel model) =>
        new(text.Name, text.Path, text.Sha256, model.Source.Name, text.Set.Count, text.Tokens.Length);
}
