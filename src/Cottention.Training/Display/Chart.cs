using ScottPlot;
using ScottPlot.MultiplotLayouts;
using ScottPlot.TickGenerators;
using SkiaSharp;

namespace Cottention.Training.Display;

/// <summary>Draws lines over a logarithmic axis into a PNG file. Needs no display; needs a font.</summary>
internal static class Chart
{
    private const int PanelWidth = 900;
    private const int PanelHeight = 560;
    private const int MostColumns = 2;
    // Room for the legend.
    private const double TopMargin = 0.3;
    private const float LegendFontSize = 15;
    private const double Kilo = 1024;
    private const string PreferredFont = "DejaVu Sans";

    /// <summary>Whether letters can be drawn. Without any font file there is still a default typeface, of no glyphs.</summary>
    public static bool HasFont => SKTypeface.Default.GlyphCount > 0;

    /// <summary>Fails where a chart would have no letters.</summary>
    /// <exception cref="FormatException">The machine has no font; the message says what to do in one line.</exception>
    public static void RequireFont()
    {
        if (!HasFont)
            throw new FormatException("A chart needs a font for its labels and this machine has none; on Debian: apt-get install fonts-dejavu-core.");
    }

    /// <summary>Writes a chart.</summary>
    /// <param name="path">The PNG file.</param>
    /// <param name="panels">Its drawings, row by row, two in a row.</param>
    public static void Save(string path, IReadOnlyList<ChartPanel> panels)
    {
        RequireFont();
        if (SKFontManager.Default.FontFamilies.Contains(PreferredFont))
            Fonts.Default = PreferredFont;
        var columns = Math.Min(panels.Count, MostColumns);
        var rows = (panels.Count + columns - 1) / columns;
        var all = new Multiplot();
        all.AddPlots(panels.Count);
        all.Layout = new Grid(rows, columns);
        for (var i = 0; i < panels.Count; i++)
            Draw(all.GetPlot(i), panels[i]);
        all.SavePng(path, columns * PanelWidth, rows * PanelHeight);
    }

    private static void Draw(Plot plot, ChartPanel panel)
    {
        foreach (var line in panel.Lines)
            Draw(plot, line, panel.LogarithmicY);
        if (panel.Reference is { } reference)
        {
            var level = plot.Add.HorizontalLine(Height(reference.Y, panel.LogarithmicY), width: 1.5f, color: Colors.Gray, pattern: LinePattern.Dashed);
            level.LegendText = reference.Name;
        }
        var points = panel.Lines.SelectMany(line => line.Points).ToArray();
        plot.Axes.Bottom.TickGenerator = Ticks(points.Select(point => point.X).Distinct().Order());
        if (panel.LogarithmicY)
            plot.Axes.Left.TickGenerator = Ticks(RoundValues(points.Min(point => point.Y), points.Max(point => point.Y)));
        plot.Title(panel.Title);
        plot.XLabel(panel.XLabel);
        plot.YLabel(panel.YLabel);
        plot.Axes.Margins(top: TopMargin);
        plot.ShowLegend(Alignment.UpperLeft);
        plot.Legend.FontSize = LegendFontSize;
    }

    private static void Draw(Plot plot, ChartLine line, bool logarithmic)
    {
        var xs = line.Points.Select(point => Math.Log2(point.X)).ToArray();
        var ys = line.Points.Select(point => Height(point.Y, logarithmic)).ToArray();
        var scatter = plot.Add.Scatter(xs, ys);
        scatter.LegendText = line.Name;
        scatter.LineWidth = 2;
        scatter.MarkerSize = 7;
        var errors = line.Points.Select(point => logarithmic ? point.Error / point.Y / Math.Log(2) : point.Error).ToArray();
        if (errors.Any(error => error > 0))
            plot.Add.ErrorBar(xs, ys, errors).Color = scatter.Color;
    }

    private static double Height(double y, bool logarithmic) => logarithmic ? Math.Log2(y) : y;

    private static NumericManual Ticks(IEnumerable<double> values) =>
        new(values.Select(Math.Log2).ToArray(), values.Select(TickLabel).ToArray());

    /// <summary>1, 1.5, 2, 3, 5 and 7 times the powers of ten, from below the least to above the largest value.</summary>
    private static IEnumerable<double> RoundValues(double least, double largest)
    {
        double[] steps = [1, 1.5, 2, 3, 5, 7];
        for (var power = Math.Pow(10, Math.Floor(Math.Log10(least))); power <= 10 * largest; power *= 10)
            foreach (var value in steps.Select(step => step * power))
                if (value >= least / 2 && value <= 2 * largest)
                    yield return value;
    }

    private static string TickLabel(double x) =>
        x >= Kilo && x % Kilo == 0 ? FormattableString.Invariant($"{x / Kilo}k") : FormattableString.Invariant($"{x}");
}
