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

        var error = await Assert.ThrowsAsync<OperationCanceledException>(() => CottentionClient.Wrap(Failed(status), cancel.Token));

        Assert.Equal(cancel.Token, error.CancellationToken);
    }

    [Fact]
    public async Task Wrap_CallerStillWaits_IsARefusalWithItsStatus()
    {
        var refusal = await Assert.ThrowsAsync<CottentionException>(() => CottentionClient.Wrap(Failed(StatusCode.Unavailable), CancellationToken.None));

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
