using Google.Rpc;
using Grpc.Core;

namespace Cottention.Client;

/// <summary>One faulty field of a refused request.</summary>
/// <param name="Field">Name as in the proto files, for example <c>temperature</c>.</param>
/// <param name="Description">What is wrong, with the value and what is allowed.</param>
public sealed record FieldViolation(string Field, string Description);

/// <summary>A call that the server refused, or that did not reach it. The message is one line and fit to be shown.</summary>
public sealed class CottentionException : Exception
{
    private const string UnknownReason = "UNKNOWN";

    /// <summary>A refusal made by hand, for a caller's own tests.</summary>
    public CottentionException(
        StatusCode statusCode, string message, string reason, IReadOnlyList<FieldViolation> violations, TimeSpan? retryAfter, Exception? inner)
        : base(message, inner)
    {
        StatusCode = statusCode;
        Reason = reason;
        Violations = violations;
        RetryAfter = retryAfter;
    }

    /// <summary>The gRPC status, for example <see cref="StatusCode.NotFound"/>.</summary>
    public StatusCode StatusCode { get; }

    /// <summary>The kind of refusal, for example <c>SESSION_NOT_FOUND</c>; <c>UNKNOWN</c> where the server did not say.</summary>
    public string Reason { get; }

    /// <summary>Every faulty field at once; empty unless <see cref="StatusCode"/> is <see cref="StatusCode.InvalidArgument"/>.</summary>
    public IReadOnlyList<FieldViolation> Violations { get; }

    /// <summary>How long the server asks to wait before another try; null where it does not say.</summary>
    public TimeSpan? RetryAfter { get; }

    internal static CottentionException From(RpcException error)
    {
        var status = error.GetRpcStatus();
        var violations = status?.GetDetail<BadRequest>()?.FieldViolations
            .Select(v => new FieldViolation(v.Field, v.Description)).ToArray() ?? [];
        return new CottentionException(
            error.StatusCode,
            OneLine(error.Status.Detail),
            status?.GetDetail<ErrorInfo>()?.Reason ?? UnknownReason,
            violations,
            status?.GetDetail<RetryInfo>()?.RetryDelay?.ToTimeSpan(),
            error);
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();
}
