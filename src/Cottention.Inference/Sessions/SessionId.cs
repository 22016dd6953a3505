using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace Cottention.Inference.Sessions;

/// <summary>The rule for session ids: 1 to 128 of <c>A-Z a-z 0-9 . _ -</c>, the first a letter or a digit.</summary>
public static partial class SessionId
{
    /// <summary>The rule as a regular expression; <c>\z</c>, so that a trailing newline is no part of an id.</summary>
    public const string Pattern = @"\A[A-Za-z0-9][A-Za-z0-9._-]{0,127}\z";

    /// <summary>Whether an id keeps the rule.</summary>
    public static bool IsValid(string id) => Rule().IsMatch(id);

    /// <summary>Refuses an id that breaks the rule with <see cref="InferenceError.InvalidArgument"/>.</summary>
    /// <param name="id">The id.</param>
    /// <param name="field">The request field it came in.</param>
    public static void Check(string id, string field = "session_id")
    {
        if (!IsValid(id))
            throw new InferenceException([new FieldViolation(field,
                $"has {id.Length} characters or holds one that is not allowed; allowed: 1 to 128 of A-Z a-z 0-9 . _ - and the first a letter or a digit")]);
    }

    /// <summary>A fresh id of 128 random bits.</summary>
    public static string NewRandom() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    [GeneratedRegex(Pattern, RegexOptions.CultureInvariant)]
    private static partial Regex Rule();
}
