using Cottention.Inference.Engine;
using Cottention.Server.Hosting;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Cottention.Server.Telemetry;

/// <summary>
/// OpenTelemetry: the engine's instruments with their buckets, ASP.NET Core's and the runtime's; scraped at <c>/metrics</c>, and
/// pushed by OTLP (with traces of calls) where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set. No label ever holds a session id.
/// </summary>
internal static class TelemetrySetup
{
    private const string OtlpEndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";

    // Seconds. The GenAI conventions' bounds with finer ones below 10 ms: a small model makes a token in well under one.
    private static readonly double[] FineSeconds = [0.0001, 0.0002, 0.0005, 0.001, 0.002, 0.005];
    private static readonly double[] RequestSeconds = [.. FineSeconds, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
    private static readonly double[] FirstTokenSeconds = [.. FineSeconds, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
    private static readonly double[] TokenSeconds = [.. FineSeconds, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];
    private static readonly double[] StepSeconds = TokenSeconds;
    private static readonly double[] BatchRows = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        var push = !string.IsNullOrEmpty(builder.Configuration[OtlpEndpointVariable]);
        var telemetry = builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("cottention", serviceVersion: ServerVersion.Text))
            .WithMetrics(metrics =>
            {
                metrics.AddMeter(EngineMetrics.MeterName).AddAspNetCoreInstrumentation().AddRuntimeInstrumentation().AddPrometheusExporter();
                metrics.AddBuckets("gen_ai.server.request.duration", RequestSeconds)
                    .AddBuckets("gen_ai.server.time_to_first_token", FirstTokenSeconds)
                    .AddBuckets("gen_ai.server.time_per_output_token", TokenSeconds)
                    .AddBuckets("cottention.step.duration", StepSeconds)
                    .AddBuckets("cottention.batch.rows", BatchRows);
                if (push)
                    metrics.AddOtlpExporter();
            });
        if (push)
            telemetry.WithTracing(tracing => tracing.AddAspNetCoreInstrumentation().AddOtlpExporter());
    }

    private static MeterProviderBuilder AddBuckets(this MeterProviderBuilder metrics, string instrument, double[] bounds) =>
        metrics.AddView(instrument, new ExplicitBucketHistogramConfiguration { Boundaries = bounds });
}
