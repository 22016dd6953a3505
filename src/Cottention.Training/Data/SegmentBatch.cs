namespace Cottention.Training.Data;

/// <summary>One segment for each row.</summary>
/// <param name="Tokens">[B, T + 1]: inputs are all but the last of a row, targets all but the first.</param>
/// <param name="Fresh">[B]: whether the row starts at position 0 with a zero state.</param>
internal sealed record SegmentBatch(long[] Tokens, bool[] Fresh);
