namespace Cottention.Training.Display;

/// <summary>One of the drawings of a chart.</summary>
/// <param name="Title">What stands above it.</param>
/// <param name="XLabel">What the horizontal axis shows; it is logarithmic, to the base 2.</param>
/// <param name="YLabel">What the vertical axis shows.</param>
/// <param name="Lines">The lines.</param>
/// <param name="Reference">A level drawn as a dashed line, with its name.</param>
/// <param name="LogarithmicY">Whether the vertical axis is logarithmic too: then every Y is above 0, and error bars are drawn by their share of it.</param>
internal sealed record ChartPanel(
    string Title, string XLabel, string YLabel, IReadOnlyList<ChartLine> Lines, (double Y, string Name)? Reference = null, bool LogarithmicY = false);
