namespace Cottention.Cli.Chat;

/// <summary>How a line that a person types becomes a prompt.</summary>
internal enum ChatTemplate
{
    /// <summary>The turns of a dialogue: <c>User: ...</c> and <c>Assistant: ...</c>, a line each.</summary>
    Turns,

    /// <summary>The line as it is, for models that go on with a story.</summary>
    Plain,
}

/// <summary>What each template puts around a line, and what ends an answer.</summary>
internal static class ChatTemplates
{
    private const string UserLabel = "User:";
    private const string AssistantLabel = "Assistant:";

    /// <summary>What is consumed for a line.</summary>
    /// <param name="template">The template.</param>
    /// <param name="line">What the person typed.</param>
    /// <param name="first">Whether the session is empty; otherwise the line before it has not ended yet.</param>
    public static string Prompt(this ChatTemplate template, string line, bool first) => template switch
    {
        ChatTemplate.Turns => $"{(first ? "" : "\n")}{UserLabel} {line}\n{AssistantLabel}",
        _ => line,
    };

    /// <summary>Strings that end an answer.</summary>
    public static IReadOnlyList<string> Stops(this ChatTemplate template) => template == ChatTemplate.Turns ? ["\n"] : [];
}
