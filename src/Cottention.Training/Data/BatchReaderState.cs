namespace Cottention.Training.Data;

/// <summary>Where a <see cref="BatchReader"/> stands.</summary>
/// <param name="Taken">Documents taken from each source.</param>
/// <param name="TokensTaken">Tokens of these documents.</param>
/// <param name="Rows">Where each row stands.</param>
internal sealed record BatchReaderState(long[] Taken, long[] TokensTaken, RowPosition[] Rows);
