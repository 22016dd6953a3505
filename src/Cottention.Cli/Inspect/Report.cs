using Spectre.Console;

namespace Cottention.Cli.Inspect;

/// <summary>What inspect says: labelled lines, and perhaps a table. On a terminal the table is drawn, elsewhere its cells are parted by tabs.</summary>
internal sealed class Report
{
    private const int LabelWidth = 12;

    private readonly List<(string Label, string Text)> _lines = [];
    private readonly List<string[]> _rows = [];
    private string[] _columns = [];

    /// <summary>Adds a line.</summary>
    public void Line(string label, string text) => _lines.Add((label, text));

    /// <summary>Names the table's columns.</summary>
    public void Columns(params string[] names) => _columns = names;

    /// <summary>Adds a row of the table.</summary>
    public void Row(params string[] cells) => _rows.Add(cells);

    /// <summary>Writes it all. Text from files is made harmless: control characters would move the terminal's cursor.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="isTerminal">Whether to draw the table.</param>
    /// <param name="isSummary">Whether to leave the table out.</param>
    public void WriteTo(TextWriter output, bool isTerminal, bool isSummary = false)
    {
        foreach (var (label, text) in _lines)
            output.WriteLine($"{label.PadRight(LabelWidth)}{Harmless(text)}");
        if (isSummary || _rows.Count == 0)
            return;
        output.WriteLine();
        if (isTerminal)
            WriteTable(output);
        else
            foreach (var row in _rows.Prepend(_columns))
                output.WriteLine(string.Join('\t', row.Select(Harmless)));
    }

    private void WriteTable(TextWriter output)
    {
        var table = new Table().AddColumns([.. _columns.Select(Markup.Escape)]);
        foreach (var row in _rows)
            table.AddRow([.. row.Select(cell => Markup.Escape(Harmless(cell)))]);
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output) }).Write(table);
    }

    private static string Harmless(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '\uFFFD' : c));
}
