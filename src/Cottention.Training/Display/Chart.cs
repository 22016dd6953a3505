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
        {
            var xs = line.Points.Select(point => Math.Log2(point.X)).ToArray();
            var ys = line.Points.Select(point => point.Y).ToArray();
            var scatter = plot.Add.Scatter(xs, ys);
            scatter.LegendText = line.Name;
            scatter.LineWidth = 2;
            scatter.MarkerSize = 7;
            if (line.Points.Any(point => point.Error > 0))
                plot.Add.ErrorBar(xs, ys, line.Points.Select(point => point.Error).ToArray()).Color = scatter.Color;
        }
        if (panel.Reference is { } reference)
        {
            var level = plot.Add.HorizontalLine(reference.Y, width: 1.5f, color: Colors.Gray, pattern: LinePattern.Dashed);
            level.LegendText = reference.Name;
        }
        var ticks = panel.Lines.SelectMany(line => line.Points).Select(point => point.X).Distinct().Order().ToArray();
        plot.Axes.Bottom.TickGenerator = new NumericManual(ticks.Select(Math.Log2).ToArray(), ticks.Select(TickLabel).ToArray());
        plot.Title(panel.Title);
        plot.XLabel(panel.XLabel);
        plot.YLabel(panel.YLabel);
        plot.ShowLegend(Alignment.UpperLeft);
        plot.Legend.FontSize = LegendFontSize;
    }

    private static string TickLabel(double x) =>
        x >= Kilo && x % Kilo == 0 ? FormattableString.Invariant($"{x / Kilo}k") : FormattableString.Invariant($"{x}");
}
