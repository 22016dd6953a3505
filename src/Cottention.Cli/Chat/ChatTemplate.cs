using Cottention.Protocol.V1;

namespace Cottention.Cli.Chat;

/// <summary>Where the format of a conversation comes from.</summary>
internal enum ChatTemplate
{
    /// <summary>The model's own; <see cref="Turns"/> where it has none.</summary>
    Model,

    /// <summary>The turns of a dialogue: <c>User: ...</c> and <c>Assistant: ...</c>, a line each.</summary>
    Turns,

    /// <summary>The line as it is, for models that go on with a story.</summary>
    Plain,
}

/// <summary>Turns of conversations as prompts.</summary>
internal static class ChatFormats
{
    private const string UserMark = Inference.Model.ChatFormat.UserMark;

    /// <summary>The line as it is.</summary>
    public static ChatFormat Plain { get; } = new() { FirstTurn = UserMark, NextTurn = UserMark };

    private static ChatFormat Turns { get; } = new()
    {
        FirstTurn = "User: {user}\nAssistant:",
        NextTurn = "\nUser: {user}\nAssistant:",
        Stop = { "\n" },
    };

    /// <summary>The format of a template on a model.</summary>
    public static ChatFormat FormatFor(this ChatTemplate template, Model model) => template switch
    {
        ChatTemplate.Plain => Plain,
        ChatTemplate.Model when model.ChatFormat is { } own => own,
        _ => Turns,
    };

    /// <summary>What is consumed for a line.</summary>
    /// <param name="format">The format.</param>
    /// <param name="line">What the person typed.</param>
    /// <param name="first">Whether the session is empty.</param>
    public static string Prompt(this ChatFormat format, string line, bool first) =>
        (first ? format.FirstTurn : format.NextTurn).Replace(UserMark, line, StringComparison.Ordinal);
}
