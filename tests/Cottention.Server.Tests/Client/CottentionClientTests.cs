using Cottention.Client;
using Grpc.Core;

namespace Cottention.Server.Tests.Client;

public sealed class CottentionClientTests
{
    // A cancel that meets an event on its way shows in the library as a broken connection, not as a cancel.
    [Theory]
    [InlineData(StatusCode.Cancelled)]
    [InlineData(StatusCode.Unavailable)]
    [InlineData(StatusCode.Internal)]
    public async Task Wrap_CallerHasCancelled_IsACancelWhateverTheStatus(StatusCode status)
    {
        using var cancel = new CancellationTokenSource();
        await cancel.CancelAsync();

        var error = await Assert.ThrowsAsync<OperationCanceledException>(() => CottentionClient.Wrap(Failed(status), new CallOptions(cancellationToken: cancel.Token)));

        Assert.Equal(cancel.Token, error.CancellationToken);
    }

    // The server may end the call amid a message, before the library's own timer.
    [Theory]
    [InlineData(StatusCode.Unavailable, StatusCode.DeadlineExceeded)]
    [InlineData(StatusCode.Internal, StatusCode.DeadlineExceeded)]
    [InlineData(StatusCode.Cancelled, StatusCode.DeadlineExceeded)]
    [InlineData(StatusCode.DeadlineExceeded, StatusCode.DeadlineExceeded)]
    [InlineData(StatusCode.NotFound, StatusCode.NotFound)]
    public async Task Wrap_DeadlineHasPassed_IsThatWhereTheCallBroke(StatusCode status, StatusCode expected)
    {
        var options = new CallOptions(deadline: DateTime.UnixEpoch);

        var refusal = await Assert.ThrowsAsync<CottentionException>(() => CottentionClient.Wrap(Failed(status), options));

        Assert.Equal(expected, refusal.StatusCode);
    }

    [Fact]
    public async Task Wrap_CallerStillWaits_IsARefusalWithItsStatus()
    {
        var refusal = await Assert.ThrowsAsync<CottentionException>(() => CottentionClient.Wrap(Failed(StatusCode.Unavailable), new CallOptions(deadline: DateTime.MaxValue)));

        Assert.Equal((StatusCode.Unavailable, "it broke", "UNKNOWN"), (refusal.StatusCode, refusal.Message, refusal.Reason));
        Assert.Null(refusal.RetryAfter);
    }

    [Theory]
    [InlineData("")]
    [InlineData("nowhere")]
    [InlineData("ftp://127.0.0.1:1")]
    public void Connect_NoServerAddress_SaysWhatIsAllowed(string address)
    {
        var error = Assert.Throws<ArgumentException>(() => CottentionClient.Connect(address));

        Assert.Contains("http://host:port", error.Message, StringComparison.Ordinal);
    }

    private static Task<int> Failed(StatusCode status) => Task.FromException<int>(new RpcException(new Status(status, "it broke")));
}
