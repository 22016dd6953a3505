namespace Cottention.Cli.Bench;

/// <summary>Numbers as a flag takes them, parted by commas; help shows them so.</summary>
internal sealed record NumberList(IReadOnlyList<long> Numbers)
{
    /// <inheritdoc/>
    public override string ToString() => string.Join(',', Numbers);
}
