using System.Text;

namespace Cottention.Inference.Model;

/// <summary>How a conversation is written for a model: what surrounds each line of a user, and what ends an answer.</summary>
/// <param name="FirstTurn">The first turn of a session; <see cref="UserMark"/> stands for the user's text.</param>
/// <param name="NextTurn">Every later turn, right after the answer before it.</param>
/// <param name="Stop">Strings that end an answer.</param>
public sealed record ChatFormat(string FirstTurn, string NextTurn, IReadOnlyList<string> Stop)
{
    /// <summary>Stands for the user's text, once in each turn.</summary>
    public const string UserMark = "{user}";

    /// <summary>Name of the file in a model's folder. A model without it is not meant for conversations.</summary>
    public const string FileName = "chat_format.json";

    /// <summary>Most stop strings.</summary>
    public const int MaxStops = 8;

    /// <summary>Longest stop string, in bytes of UTF-8.</summary>
    public const int MaxStopBytes = 256;

    /// <summary>Longest turn without the user's text, in bytes of UTF-8.</summary>
    public const int MaxTurnBytes = 4096;

    private const int MaxFileBytes = 1 << 16;

    /// <summary>Reads a model's chat format.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <returns>Null when the folder has none.</returns>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>, with the key, its value and what is allowed.</exception>
    public static ChatFormat? Read(string folder)
    {
        var file = Path.Combine(folder, FileName);
        return File.Exists(file) ? Parse(file, ModelFiles.ReadSmall(file, MaxFileBytes)) : null;
    }

    /// <summary>Checks a format that is in memory.</summary>
    /// <param name="file">The file, for messages.</param>
    /// <param name="json">Its bytes.</param>
    internal static ChatFormat Parse(string file, ReadOnlyMemory<byte> json) => ModelJson.Read(file, json, root =>
    {
        var fields = new ConfigFields(file, root);
        var stops = fields.Texts("stop", MaxStops);
        foreach (var stop in stops)
            if (Encoding.UTF8.GetByteCount(stop) is var bytes and (0 or > MaxStopBytes))
                throw fields.Fault("stop", $"holds a string of {bytes} bytes; allowed: 1 to {MaxStopBytes}");
        return new ChatFormat(Turn(fields, "first_turn"), Turn(fields, "next_turn"), stops);
    });

    private static string Turn(ConfigFields fields, string key)
    {
        var text = fields.Text(key);
        var marks = text.Split(UserMark).Length - 1;
        if (marks != 1)
            throw fields.Fault(key, $"holds {UserMark} {marks} times; allowed: once");
        return Encoding.UTF8.GetByteCount(text) is var bytes and > MaxTurnBytes
            ? throw fields.Fault(key, $"has {bytes} bytes; allowed: up to {MaxTurnBytes}")
            : text;
    }
}
