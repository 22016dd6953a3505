using System.Net.Sockets;
using Cottention.Server.Grpc;
using Cottention.Server.Health;
using Cottention.Server.Telemetry;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Cottention.Server.Hosting;

/// <summary>The composition root: what the server is made of, and how its failures to start look.</summary>
internal static class ServerHost
{
    // Time beyond the drain to park sessions and close.
    private static readonly TimeSpan CloseTime = TimeSpan.FromSeconds(10);

    /// <summary>Runs the server until it is told to stop.</summary>
    /// <param name="settings">Entries of the configuration that win over all others.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(IReadOnlyDictionary<string, string?> settings)
    {
        var address = "";
        try
        {
            await using var app = Build(settings);
            address = app.Services.GetRequiredService<IOptions<ServerOptions>>().Value.Listen;
            var loader = app.Services.GetRequiredService<ModelLoader>();
            await app.RunAsync();
            return loader.Failed ? ServerCommand.Failure : 0;
        }
        catch (OptionsValidationException e)
        {
            foreach (var fault in e.Failures)
                await Console.Error.WriteLineAsync($"error: {fault}");
            return ServerCommand.Usage;
        }
        catch (InvalidOperationException e) when (e.Message.Contains(ServerOptions.Section + ":", StringComparison.Ordinal))
        {
            // The binder's: a value in the environment or in appsettings.json that is no number.
            await Console.Error.WriteLineAsync($"error: {e.Message}");
            return ServerCommand.Usage;
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            await Console.Error.WriteLineAsync($"error: {CannotListen(address, e)}");
            return ServerCommand.Failure;
        }
    }

    private static WebApplication Build(IReadOnlyDictionary<string, string?> settings)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            ContentRootPath = AppContext.BaseDirectory,
            // No file watchers: settings are read once.
            Args = ["--hostBuilder:reloadConfigOnChange=false"],
        });
        builder.Configuration.AddInMemoryCollection(settings);
        builder.AddLog();
        AddServices(builder);
        builder.AddTelemetry();
        builder.WebHost.ConfigureKestrel(Listeners.Configure);
        var app = builder.Build();
        Endpoints.Map(app);
        return app;
    }

    private static void AddServices(WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<IValidateOptions<ServerOptions>, ServerOptionsValidator>();
        services.AddOptions<ServerOptions>().BindConfiguration(ServerOptions.Section).ValidateOnStart();
        services.AddOptions<HostOptions>().Configure<IOptions<ServerOptions>>((host, server) =>
            host.ShutdownTimeout = TimeSpan.FromSeconds(server.Value.DrainSeconds) + CloseTime);
        services.AddSingleton<Serving>();
        services.AddSingleton<Drain>();
        services.AddSingleton<CallLimits>();
        services.AddSingleton<Listeners>();
        services.AddSingleton<ModelLoader>();
        services.AddHostedService(provider => provider.GetRequiredService<ModelLoader>());
        services.AddServingHealth();
        services.AddGrpc(options => options.Interceptors.Add<RefusalInterceptor>());
        services.AddOptions<global::Grpc.AspNetCore.Server.GrpcServiceOptions>().Configure<IOptions<ServerOptions>>((grpc, server) =>
            (grpc.MaxReceiveMessageSize, grpc.MaxSendMessageSize) = (server.Value.MaxReceiveBytes, server.Value.MaxSendBytes));
        services.AddGrpcReflection();
        services.AddCors();
    }

    private static string CannotListen(string address, Exception e)
    {
        var advice = e.InnerException is AddressInUseException ? "; stop the other program or choose another port (--grpc-port, --http-port)" : "";
        return $"cannot listen on {address}: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}{advice}";
    }
}
