using Cottention.Protocol.V1;
using Cottention.Server.Hosting;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Cottention.Server.Health;

/// <summary>
/// Health, said once and published twice: grpc.health.v1 for "" and for each service; <c>/healthz</c> (is the process worth
/// keeping: all but stalled) and <c>/readyz</c> (send calls here: serving) on the HTTP port.
/// </summary>
internal static class HealthSetup
{
    private static readonly string[] Services =
    [
        "", GenerationService.Descriptor.FullName, SessionService.Descriptor.FullName, ModelService.Descriptor.FullName,
    ];

    // How soon watchers hear of a change; a Check call always looks afresh.
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromSeconds(1);

    public static void AddServingHealth(this IServiceCollection services)
    {
        services.AddSingleton<ServingHealthCheck>();
        services.AddGrpcHealthChecks(options =>
        {
            options.Services.Clear();
            foreach (var service in Services)
                options.Services.Map(service, _ => true);
        }).AddCheck<ServingHealthCheck>("serving");
        services.Configure<HealthCheckPublisherOptions>(options => (options.Delay, options.Period) = (TimeSpan.Zero, WatchPeriod));
    }

    public static void MapHttpHealth(this IEndpointRouteBuilder endpoints, object metadata)
    {
        endpoints.MapGet("/healthz", (Serving serving) => Answer(serving, serving.State != ServingState.Stalled)).WithMetadata(metadata);
        endpoints.MapGet("/readyz", (Serving serving) => Answer(serving, serving.State == ServingState.Serving)).WithMetadata(metadata);
    }

    private static IResult Answer(Serving serving, bool good) => Results.Text(
        serving.State.ToString().ToLowerInvariant(), statusCode: good ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
}
