using System.Text;
using Cottention.Inference;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;

namespace Cottention.Server.Grpc;

/// <summary>The one table from <see cref="InferenceError"/> to what a gRPC caller sees.</summary>
internal static class GrpcStatus
{
    /// <summary>Domain of every <see cref="ErrorInfo"/>.</summary>
    public const string Domain = "cottention";

    /// <summary>What a caller is told of a fault of ours; the log has the rest.</summary>
    public const string InternalText = "internal error; the server's log has more";

    // Status details travel in a header; some clients take no more than 8 KiB of headers.
    private const int MaxDetailBytes = 3000;
    private const int MaxTextLength = 500;

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>The gRPC status of a kind of refusal.</summary>
    public static StatusCode Code(InferenceError error) => error switch
    {
        InferenceError.InvalidArgument => StatusCode.InvalidArgument,
        InferenceError.InvalidModel => StatusCode.FailedPrecondition,
        InferenceError.SessionNotFound => StatusCode.NotFound,
        InferenceError.SessionExists => StatusCode.AlreadyExists,
        InferenceError.SessionConflict => StatusCode.Aborted,
        InferenceError.SessionModelMismatch => StatusCode.FailedPrecondition,
        InferenceError.SessionCorrupt => StatusCode.DataLoss,
        InferenceError.Overloaded => StatusCode.ResourceExhausted,
        InferenceError.Unavailable => StatusCode.Unavailable,
        InferenceError.StoreFailed => StatusCode.Unavailable,
        InferenceError.NonFiniteLogits => StatusCode.Internal,
        _ => throw new ArgumentOutOfRangeException(nameof(error), error, "no gRPC status"),
    };

    /// <summary>A refusal with its <c>google.rpc.Status</c> details.</summary>
    public static RpcException Refusal(InferenceException refusal)
    {
        // The store's own words name paths of this machine.
        var message = refusal.Error == InferenceError.StoreFailed ? "the session store could not be read or written; the server's log has more" : refusal.Message;
        var code = Code(refusal.Error);
        var status = new Google.Rpc.Status { Code = (int)code, Message = Cut(message) };
        status.Details.Add(Any.Pack(new ErrorInfo { Domain = Domain, Reason = Reason(refusal.Error) }));
        if (refusal.Violations.Count > 0)
            status.Details.Add(Any.Pack(Fields(refusal.Violations)));
        if (code is StatusCode.ResourceExhausted or StatusCode.Unavailable)
            status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(RetryDelay) }));
        return status.ToRpcException();
    }

    /// <summary>The kind of refusal as <c>UPPER_SNAKE_CASE</c>.</summary>
    internal static string Reason(InferenceError error)
    {
        var name = error.ToString();
        var reason = new StringBuilder(name.Length + 4);
        foreach (var letter in name)
        {
            if (reason.Length > 0 && char.IsUpper(letter))
                reason.Append('_');
            reason.Append(char.ToUpperInvariant(letter));
        }
        return reason.ToString();
    }

    private static BadRequest Fields(IReadOnlyList<FieldViolation> violations)
    {
        var fields = new BadRequest();
        foreach (var violation in violations)
        {
            var field = new BadRequest.Types.FieldViolation { Field = violation.Field, Description = Cut(violation.Description) };
            if (fields.CalculateSize() + field.CalculateSize() > MaxDetailBytes)
            {
                fields.FieldViolations.Add(new BadRequest.Types.FieldViolation
                {
                    Field = violation.Field,
                    Description = $"and {violations.Count - fields.FieldViolations.Count - 1} more faults",
                });
                break;
            }
            fields.FieldViolations.Add(field);
        }
        return fields;
    }

    private static string Cut(string text) => text.Length <= MaxTextLength ? text : text[..(MaxTextLength - 3)] + "...";
}
