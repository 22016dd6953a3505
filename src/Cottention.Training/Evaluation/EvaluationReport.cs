using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cottention.Training.Evaluation.Recall;

namespace Cottention.Training.Evaluation;

/// <summary>All that an evaluation found, and of what: written as JSON.</summary>
/// <param name="Settings">What was asked for.</param>
internal sealed record EvaluationReport(EvaluationSettings Settings)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        // Keeps names readable; the file is never put into HTML.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>Name and version of this form.</summary>
    public string Schema { get; } = "cottention-eval-1";

    /// <summary>The models.</summary>
    public List<ModelEntry> Models { get; } = [];

    /// <summary>The texts, once for each model whose tokens differ.</summary>
    public List<TextEntry> Texts { get; } = [];

    /// <summary>How well the texts are foretold.</summary>
    public List<PerplexityEntry> Perplexity { get; } = [];

    /// <summary>How well the texts are foretold by the number of tokens before.</summary>
    public List<PositionEntry> ByPosition { get; } = [];

    /// <summary>How well things planted in the texts are recalled.</summary>
    public List<RecallEntry> Recall { get; } = [];

    /// <summary>How far the runners lie apart.</summary>
    public List<AgreementEntry> Agreement { get; } = [];

    /// <summary>The report as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json) + "\n";
}
