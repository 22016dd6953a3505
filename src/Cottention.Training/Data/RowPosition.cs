namespace Cottention.Training.Data;

/// <summary>Where one row of the batch stands in the data. Everything a resumed run needs to know of the row.</summary>
/// <param name="Source">Index of the source of its document.</param>
/// <param name="Taken">The document's place in the source's order.</param>
/// <param name="Offset">Next token of the document.</param>
/// <param name="Life">How many lives it has begun.</param>
/// <param name="SegmentsLeft">Segments until its state is set to zero.</param>
internal readonly record struct RowPosition(int Source, long Taken, int Offset, long Life, int SegmentsLeft);
