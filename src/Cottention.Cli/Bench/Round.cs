namespace Cottention.Cli.Bench;

/// <summary>One round's numbers, by the work's index.</summary>
/// <param name="Seconds">Seconds a step.</param>
/// <param name="Reads">Raw read bandwidth just before and just after the work, their mean; bytes a second.</param>
internal sealed record Round(double[] Seconds, double[] Reads);
