namespace Cottention.Training.Display;

/// <summary>A table in Markdown whose columns also line up as plain text. Cells that begin with a digit or a sign are set to the right.</summary>
/// <param name="columns">Names of the columns.</param>
internal sealed class TextTable(params string[] columns)
{
    private readonly List<string[]> _rows = [columns];

    /// <summary>Whether it has no row.</summary>
    public bool IsEmpty => _rows.Count == 1;

    /// <summary>Adds a row with a cell for each column.</summary>
    public void Add(params string[] cells)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Length, columns.Length, nameof(cells));
        _rows.Add([.. cells.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal))]);
    }

    /// <summary>Writes the table.</summary>
    public void WriteTo(TextWriter output)
    {
        var widths = columns.Select((_, column) => Math.Max(2, _rows.Max(row => row[column].Length))).ToArray();
        var right = columns.Select((_, column) => _rows.Skip(1).All(row => IsNumber(row[column]))).ToArray();
        Write(output, _rows[0], widths, right);
        output.WriteLine("|" + string.Concat(widths.Select((width, column) => " " + new string('-', width - 1) + (right[column] ? ":" : "-") + " |")));
        foreach (var row in _rows.Skip(1))
            Write(output, row, widths, right);
    }

    private static bool IsNumber(string cell) => cell.Length == 0 || char.IsAsciiDigit(cell[0]) || cell[0] is '-' or '+';

    private static void Write(TextWriter output, string[] row, int[] widths, bool[] right) => output.WriteLine(
        "|" + string.Concat(row.Select((cell, column) => " " + (right[column] ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column])) + " |")));
}
