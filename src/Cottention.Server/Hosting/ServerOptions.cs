using System.ComponentModel.DataAnnotations;
using Cottention.Inference.Engine;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Server.Hosting;

/// <summary>
/// What an operator may set: by flag (<see cref="ServerCommand"/>), by environment variable (<c>COTTENTION__GRPCPORT</c>) or in
/// appsettings.json under <c>Cottention</c>. Checked at start, all faults at once.
/// </summary>
internal sealed class ServerOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Cottention";

    /// <summary>Folder of the model. Default: the shipped one, see <see cref="ModelFolder"/>.</summary>
    public string? Model { get; set; }

    /// <summary>Name shown to callers. Default: the folder's name.</summary>
    public string? ModelName { get; set; }

    /// <summary>Folder where sessions are saved; made if absent.</summary>
    [Required]
    public string Sessions { get; set; } = Path.Combine("data", "sessions");

    /// <summary>Address to listen on. The default is reached from this machine only; 0.0.0.0 is reached from everywhere.</summary>
    [Required]
    public string Listen { get; set; } = "127.0.0.1";

    /// <summary>Port of gRPC (HTTP/2 in clear text); 0 lets the system choose.</summary>
    [Range(0, 65535)]
    public int GrpcPort { get; set; } = 50051;

    /// <summary>Port of health, metrics and gRPC-Web (HTTP/1.1); 0 lets the system choose.</summary>
    [Range(0, 65535)]
    public int HttpPort { get; set; } = 8080;

    /// <summary>Where the model runs: one of <see cref="DeviceOption.Allowed"/>. Default: CUDA where it is found and serves the model, else the CPU.</summary>
    [Required]
    public string Device { get; set; } = DeviceOption.Auto;

    /// <summary>Threads that compute on the CPU; 0 for one a processor.</summary>
    [Range(0, 1024)]
    public int Threads { get; set; }

    /// <summary>Format of the weights in memory. Default: the files' own. Sessions go on only with the weights they were made with.</summary>
    public WeightFormat Weights { get; set; }

    /// <summary>Most memory the states of all slots may take, in MiB; 0 for half of what this process may use, on a card for all that weights and steps leave.</summary>
    [Range(0, 1024 * 1024 * 1024)]
    public int StateBudgetMiB { get; set; }

    /// <summary>Sizes of the engine.</summary>
    public EngineOptions Engine { get; set; } = new();

    /// <summary>Most time of a generation whose caller sets no deadline, in seconds.</summary>
    [Range(1, 7 * 24 * 3600)]
    public int DefaultDeadlineSeconds { get; set; } = 600;

    /// <summary>Time that generations in progress are given to end when the server stops, in seconds.</summary>
    [Range(0, 3600)]
    public int DrainSeconds { get; set; } = 20;

    /// <summary>Longest time the step thread may need for one step before the server calls itself unhealthy, in seconds.</summary>
    [Range(1, 3600)]
    public int StallSeconds { get; set; } = 30;

    /// <summary>Largest message accepted from a client, in bytes.</summary>
    [Range(1024, 1024 * 1024 * 1024)]
    public int MaxReceiveBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Largest message sent to a client, in bytes. The default holds the tokens of the longest text accepted.</summary>
    [Range(1024, 1024 * 1024 * 1024)]
    public int MaxSendBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>Most calls at once on one connection.</summary>
    [Range(1, 100_000)]
    public int MaxStreamsPerConnection { get; set; } = 256;

    /// <summary>Most connections at once, on each port.</summary>
    [Range(1, 1_000_000)]
    public int MaxConnections { get; set; } = 1024;

    /// <summary>Origins of web pages that may call through gRPC-Web, for example <c>https://example.org</c>. Default: none but our own.</summary>
    public string[] AllowedOrigins { get; set; } = [];
}
