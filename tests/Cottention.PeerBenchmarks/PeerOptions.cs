namespace Cottention.PeerBenchmarks;

/// <summary>What to compare, and how long.</summary>
internal sealed record PeerOptions
{
    /// <summary>Folder of the GGUF files.</summary>
    public required string Folder { get; init; }

    /// <summary>What to run, in this order.</summary>
    public required IReadOnlyList<(Work Work, FormatPair Format)> Pairs { get; init; }

    /// <summary>File for the table, or null.</summary>
    public string? Out { get; init; }

    /// <summary>Threads of either side.</summary>
    public required int Threads { get; init; }

    /// <summary>Rounds of ours, peer.</summary>
    public required int Rounds { get; init; }

    /// <summary>Least length of a block of steps.</summary>
    public required TimeSpan Block { get; init; }

    /// <summary>Longest wait for a quiet machine before a block.</summary>
    public required TimeSpan Patience { get; init; }
}
