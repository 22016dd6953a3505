using Cottention.Server.Grpc;
using Cottention.Server.Health;
using Microsoft.Extensions.Options;

namespace Cottention.Server.Hosting;

/// <summary>What answers where: gRPC on both ports (as gRPC-Web on the HTTP port), health and metrics on the HTTP port only.</summary>
internal static class Endpoints
{
    /// <summary>Marks what the gRPC port does not have. The ports differ in their protocol, see <see cref="Listeners"/>.</summary>
    private static readonly object HttpPortOnly = new HttpPortOnlyMark();

    public static void Map(WebApplication app)
    {
        app.UseRouting();
        app.Use((context, next) =>
        {
            if (!HttpProtocol.IsHttp2(context.Request.Protocol) || context.GetEndpoint()?.Metadata.GetMetadata<HttpPortOnlyMark>() is null)
                return next(context);
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
        UseCors(app);
        app.UseGrpcWeb(new GrpcWebOptions { DefaultEnabled = true });
        app.UseUnreadableMessages();
        app.MapGrpcService<GenerationGrpcService>();
        app.MapGrpcService<SessionGrpcService>();
        app.MapGrpcService<ModelGrpcService>();
        app.MapGrpcHealthChecksService();
        app.MapGrpcReflectionService();
        app.MapHttpHealth(HttpPortOnly);
        app.MapPrometheusScrapingEndpoint("/metrics").WithMetadata(HttpPortOnly);
    }

    private static void UseCors(WebApplication app)
    {
        var origins = app.Services.GetRequiredService<IOptions<ServerOptions>>().Value.AllowedOrigins;
        if (origins.Length > 0)
            app.UseCors(policy => policy.WithOrigins(origins).AllowAnyHeader().WithMethods("POST")
                .WithExposedHeaders("grpc-status", "grpc-message", "grpc-status-details-bin", "grpc-encoding", "grpc-accept-encoding"));
    }

    private sealed class HttpPortOnlyMark;
}
