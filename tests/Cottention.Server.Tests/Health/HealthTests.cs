using System.Net;
using Cottention.Client;
using Cottention.Conformance;
using Cottention.Protocol.V1;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using static Grpc.Health.V1.HealthCheckResponse.Types;

namespace Cottention.Server.Tests.Health;

public sealed class HealthTests : IDisposable
{
    private static readonly string[] Services = ["", "cottention.v1.GenerationService", "cottention.v1.SessionService", "cottention.v1.ModelService"];

    private readonly string _folder = Directory.CreateTempSubdirectory("cottention-health-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Loading_ThenServing_ThenStopping_IsSeenByEveryService()
    {
        using var model = await LoadingModel.CreateAsync();
        await using var server = ServerProcess.Start(["--model", model.Folder, "--sessions", Path.Combine(_folder, "sessions"), "--grpc-port", "0", "--http-port", "0"]);
        await server.ListeningAsync();
        using var channel = GrpcChannel.ForAddress(server.GrpcAddress);
        using var client = CottentionClient.Connect(server.GrpcAddress);
        var health = new global::Grpc.Health.V1.Health.HealthClient(channel);

        foreach (var service in Services)
            Assert.Equal(ServingStatus.NotServing, (await health.CheckAsync(new HealthCheckRequest { Service = service })).Status);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable), await HttpHealthAsync(server));
        var refusal = await Assert.ThrowsAsync<CottentionException>(() => ServerFixture.RunAsync(client, new GenerateRequest { Prompt = "a" }));
        Assert.Equal((StatusCode.Unavailable, "UNAVAILABLE"), (refusal.StatusCode, refusal.Reason));

        using var watch = health.Watch(new HealthCheckRequest { Service = "" });
        Assert.True(await watch.ResponseStream.MoveNext());
        Assert.Equal(ServingStatus.NotServing, watch.ResponseStream.Current.Status);
        await model.FinishAsync();
        Assert.True(await watch.ResponseStream.MoveNext());
        Assert.Equal(ServingStatus.Serving, watch.ResponseStream.Current.Status);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), await HttpHealthAsync(server));
        foreach (var service in Services)
            Assert.Equal(ServingStatus.Serving, (await health.CheckAsync(new HealthCheckRequest { Service = service })).Status);

        await server.TerminateAsync();
        Assert.Equal(0, await server.ExitAsync());
    }

    [Fact]
    public async Task Check_UnknownService_IsNotFound()
    {
        await using var server = await ServerProcess.StartAsync(Path.Combine(_folder, "sessions"));
        using var channel = GrpcChannel.ForAddress(server.GrpcAddress);
        var health = new global::Grpc.Health.V1.Health.HealthClient(channel);

        var error = await Assert.ThrowsAsync<RpcException>(async () => await health.CheckAsync(new HealthCheckRequest { Service = "nobody.v1.Service" }));

        Assert.Equal(StatusCode.NotFound, error.StatusCode);
    }

    private static async Task<(HttpStatusCode Live, HttpStatusCode Ready)> HttpHealthAsync(ServerProcess server)
    {
        using var http = new HttpClient();
        using var live = await http.GetAsync(new Uri(server.HttpAddress + "/healthz"));
        using var ready = await http.GetAsync(new Uri(server.HttpAddress + "/readyz"));
        return (live.StatusCode, ready.StatusCode);
    }
}
