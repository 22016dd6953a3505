using Spectre.Console;

namespace Cottention.Cli;

/// <summary>What is said beside the output: on stderr, so that stdout holds text and nothing else.</summary>
internal static class Note
{
    private static readonly IAnsiConsole Stderr = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });

    /// <summary>One line that says what went wrong.</summary>
    public static void Error(string message) => Line("red", "error: ", message);

    /// <summary>One line for a person: dim on a terminal.</summary>
    public static void Dim(string message) => Line("grey", "", message);

    /// <summary>Text without a line end, on a terminal only.</summary>
    public static void Prompt(string text)
    {
        if (!Console.IsInputRedirected)
            Stderr.Markup($"[green]{Markup.Escape(text)}[/]");
    }

    /// <summary>Replaces the last line of progress, on a terminal only; empty takes it away.</summary>
    public static void Progress(string text)
    {
        // Plain, not a bar of its own thread: what is measured must not be disturbed.
        if (!Console.IsErrorRedirected)
            Console.Error.Write($"\r\u001b[K{text}");
    }

    private static void Line(string colour, string label, string message)
    {
        var line = label + message.ReplaceLineEndings(" ");
        if (Console.IsErrorRedirected)
            Console.Error.WriteLine(line); // a console would wrap it
        else
            Stderr.MarkupLine($"[{colour}]{Markup.Escape(line)}[/]");
    }
}
