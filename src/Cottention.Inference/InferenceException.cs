namespace Cottention.Inference;

/// <summary>One faulty request field: its name in the wire contract and what is wrong, with the value and what is allowed.</summary>
/// <param name="Field">Name as in proto/cottention/v1, for example <c>temperature</c>.</param>
/// <param name="Description">For example <c>is NaN; allowed: 0 to 100</c>.</param>
public sealed record FieldViolation(string Field, string Description);

/// <summary>A refusal with its <see cref="InferenceError"/>. The message is one line and may be shown to the caller.</summary>
public sealed class InferenceException : Exception
{
    /// <summary>A refusal with a one-line message.</summary>
    public InferenceException(InferenceError error, string message, Exception? inner = null)
        : base(message, inner)
    {
        Error = error;
        Violations = [];
    }

    /// <summary><see cref="InferenceError.InvalidArgument"/> with every faulty field at once.</summary>
    public InferenceException(IReadOnlyList<FieldViolation> violations)
        : base(string.Join("; ", violations.Select(v => $"{v.Field} {v.Description}")))
    {
        Error = InferenceError.InvalidArgument;
        Violations = violations;
    }

    /// <summary>What kind of refusal this is.</summary>
    public InferenceError Error { get; }

    /// <summary>The faulty fields; empty unless <see cref="Error"/> is <see cref="InferenceError.InvalidArgument"/>.</summary>
    public IReadOnlyList<FieldViolation> Violations { get; }
}
