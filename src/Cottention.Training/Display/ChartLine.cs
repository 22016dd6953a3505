namespace Cottention.Training.Display;

/// <summary>A line of a chart.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="Points">X, Y and the length of the error bar above and below, 0 for none.</param>
internal sealed record ChartLine(string Name, IReadOnlyList<(double X, double Y, double Error)> Points);
