using Cottention.Inference;
using Cottention.Server.Grpc;
using Google.Rpc;
using Grpc.Core;

namespace Cottention.Server.Tests.Grpc;

public sealed class GrpcStatusTests
{
    public static TheoryData<InferenceError> AllErrors() => [.. Enum.GetValues<InferenceError>()];

    [Theory]
    [MemberData(nameof(AllErrors))]
    public void Refusal_EveryError_HasStatusReasonAndMessage(InferenceError error)
    {
        var refusal = GrpcStatus.Refusal(new InferenceException(error, "it is so"));

        var info = refusal.GetRpcStatus()!.GetDetail<ErrorInfo>()!;
        Assert.NotEqual(StatusCode.OK, refusal.StatusCode);
        Assert.NotEqual(StatusCode.Unknown, refusal.StatusCode);
        Assert.Equal(("cottention", true), (info.Domain, info.Reason.All(c => c is '_' or (>= 'A' and <= 'Z'))));
        Assert.Equal(error != InferenceError.StoreFailed, refusal.Status.Detail == "it is so");
    }

    [Theory]
    [InlineData(InferenceError.SessionNotFound, "SESSION_NOT_FOUND")]
    [InlineData(InferenceError.Overloaded, "OVERLOADED")]
    public void Reason_PascalCase_BecomesUpperSnake(InferenceError error, string expected) => Assert.Equal(expected, GrpcStatus.Reason(error));

    [Fact]
    public void Refusal_StoreFailed_TellsNoPath()
    {
        var refusal = GrpcStatus.Refusal(new InferenceException(InferenceError.StoreFailed, "/var/secret/place: denied"));

        Assert.DoesNotContain("secret", refusal.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(InferenceError.Overloaded)]
    [InlineData(InferenceError.Unavailable)]
    public void Refusal_ThatPasses_SaysWhenToTryAgain(InferenceError error)
    {
        var refusal = GrpcStatus.Refusal(new InferenceException(error, "later"));

        Assert.True(refusal.GetRpcStatus()!.GetDetail<RetryInfo>()!.RetryDelay.ToTimeSpan() > TimeSpan.Zero);
    }
}
