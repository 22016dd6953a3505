using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.Logging.Console;

namespace Cottention.Server.Hosting;

/// <summary>The log: one line an event, on stdout, times in UTC. Levels can be set as usual, for example <c>Logging__LogLevel__Default=Debug</c>.</summary>
internal static class LogSetup
{
    // Lowest in rank: anything else that sets a level wins.
    private static readonly Dictionary<string, string?> DefaultLevels = new()
    {
        ["Logging:LogLevel:Default"] = "Warning",
        ["Logging:LogLevel:Cottention"] = "Information",
        // What the library calls errors is said by RefusalInterceptor, or is a stranger's noise.
        ["Logging:LogLevel:Grpc.AspNetCore.Server"] = "None",
        // A start that failed is said in one line on stderr (ServerHost), and health once a change (ServingHealthCheck).
        ["Logging:LogLevel:Microsoft.AspNetCore.Server.Kestrel"] = "None",
        ["Logging:LogLevel:Microsoft.AspNetCore.Server.Kestrel.Connections"] = "Warning",
        ["Logging:LogLevel:Microsoft.Extensions.Hosting.Internal.Host"] = "None",
        ["Logging:LogLevel:Microsoft.Extensions.Diagnostics.HealthChecks"] = "None",
    };

    public static void AddLog(this WebApplicationBuilder builder)
    {
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = DefaultLevels });
        builder.Logging.ClearProviders().AddSimpleConsole(console =>
            (console.SingleLine, console.TimestampFormat, console.UseUtcTimestamp, console.ColorBehavior)
                = (true, "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ", true, LoggerColorBehavior.Disabled));
    }
}
