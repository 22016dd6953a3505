namespace Cottention.Training;

/// <summary>Where the files of a run lie.</summary>
/// <param name="Root">The folder given by --out.</param>
internal sealed record RunFolder(string Root)
{
    /// <summary>vocab.json and merges.txt.</summary>
    public string Tokenizer => Path.Combine(Root, "tokenizer");

    /// <summary>Sources as tokens.</summary>
    public string Tokens => Path.Combine(Root, "tokens");

    /// <summary>Everything that is needed to go on.</summary>
    public string Checkpoint => Path.Combine(Root, "checkpoint.safetensors");

    /// <summary>The exported model: what the server loads.</summary>
    public string Model => Path.Combine(Root, "model");

    /// <summary>One line for each report: step, tokens, loss, learning rate; and for each validation.</summary>
    public string Log => Path.Combine(Root, "log.csv");
}
