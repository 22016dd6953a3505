using System.Net;
using System.Net.Http.Headers;
using Cottention.Client;
using Cottention.Protocol.V1;
using Grpc.Core;
using Grpc.Net.Client.Web;
using Grpc.Reflection.V1Alpha;

namespace Cottention.Server.Tests.Grpc;

/// <summary>What a stranger may put on the wire, and the other ways in: reflection and gRPC-Web.</summary>
[Collection(nameof(SharedServer))]
public sealed class WireTests(ServerFixture fixture)
{
    private const string GeneratePath = "/cottention.v1.GenerationService/Generate";

    [Theory]
    [InlineData(new byte[] { 0xFF, 0xFF, 0xFF, 0xFF })] // no message
    [InlineData(new byte[] { 0x12, 0x02, 0xC3, 0x28 })] // prompt that is no UTF-8
    [InlineData(new byte[] { 0x12, 0x7F, 0x41 })] // prompt shorter than it says
    public async Task Generate_BytesThatAreNoRequest_AreRefusedAndTheServerGoesOn(byte[] message)
    {
        var status = await PostAsync(GeneratePath, Frame(message));

        Assert.Equal(StatusCode.InvalidArgument, status);
        await AssertServes();
    }

    [Fact]
    public async Task Generate_MessageOverTheLimit_IsResourceExhausted()
    {
        var refusal = await Assert.ThrowsAsync<CottentionException>(() => fixture.RunAsync(new GenerateRequest { Prompt = new string('a', 5 * 1024 * 1024) }));

        Assert.Equal(StatusCode.ResourceExhausted, refusal.StatusCode);
        await AssertServes();
    }

    [Fact]
    public async Task UnknownMethod_IsUnimplemented()
    {
        Assert.Equal(StatusCode.Unimplemented, await PostAsync("/cottention.v1.GenerationService/Nothing", Frame([])));
        Assert.Equal(StatusCode.Unimplemented, await PostAsync("/nobody.v1.Service/Nothing", Frame([])));
    }

    [Fact]
    public async Task GrpcPort_HealthAndMetrics_AreNotThere()
    {
        foreach (var path in new[] { "/metrics", "/healthz", "/readyz" })
        {
            using var http = new HttpClient();
            using var request = new HttpRequestMessage(HttpMethod.Get, fixture.Server.GrpcAddress + path) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            using var response = await http.SendAsync(request);
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        }
    }

    [Fact]
    public async Task Reflection_ListServices_NamesOurs()
    {
        var client = new ServerReflection.ServerReflectionClient(fixture.Channel);
        using var call = client.ServerReflectionInfo();

        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" });
        Assert.True(await call.ResponseStream.MoveNext());
        await call.RequestStream.CompleteAsync();

        var services = call.ResponseStream.Current.ListServicesResponse.Service.Select(s => s.Name);
        Assert.Superset(
            new HashSet<string> { "cottention.v1.GenerationService", "cottention.v1.SessionService", "cottention.v1.ModelService", "grpc.health.v1.Health" },
            services.ToHashSet());
    }

    [Theory]
    [InlineData(GrpcWebMode.GrpcWeb)]
    [InlineData(GrpcWebMode.GrpcWebText)]
    public async Task GrpcWeb_Generate_StreamsAsGrpcDoes(GrpcWebMode mode)
    {
        var request = new GenerateRequest { Prompt = "the", Seed = 9, MaxTokens = 12 };
        using var handler = new GrpcWebHandler(mode, new HttpClientHandler());
        using var web = CottentionClient.Connect(fixture.Server.HttpAddress, new CottentionClientOptions { Transport = handler, HttpVersion = HttpVersion.Version11 });

        var text = string.Concat((await ServerFixture.RunAsync(web, request)).Select(r => r.Text));

        Assert.Equal(await fixture.TextAsync(request), text);
        var refusal = await Assert.ThrowsAsync<CottentionException>(() => web.GetSessionAsync("no-such-session"));
        Assert.Equal("SESSION_NOT_FOUND", refusal.Reason);
    }

    private static byte[] Frame(byte[] message) => [0, 0, 0, 0, (byte)message.Length, .. message];

    private async Task<StatusCode> PostAsync(string path, byte[] body)
    {
        using var http = new HttpClient();
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using var request = new HttpRequestMessage(HttpMethod.Post, fixture.Server.GrpcAddress + path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        using var response = await http.SendAsync(request);
        await response.Content.ReadAsByteArrayAsync();
        var status = response.Headers.TryGetValues("grpc-status", out var values) || response.TrailingHeaders.TryGetValues("grpc-status", out values)
            ? values.Single() : throw new InvalidOperationException($"no grpc-status: {response}");
        return (StatusCode)int.Parse(status, System.Globalization.CultureInfo.InvariantCulture);
    }

    private async Task AssertServes() =>
        Assert.Equal(1, (await fixture.RunAsync(new GenerateRequest { Prompt = "a", MaxTokens = 1, IgnoreEos = true }))[^1].Usage.OutputTokens);
}
