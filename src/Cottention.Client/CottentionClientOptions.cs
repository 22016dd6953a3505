namespace Cottention.Client;

/// <summary>How a <see cref="CottentionClient"/> talks to its server. Every property has a default.</summary>
public sealed record CottentionClientOptions
{
    /// <summary>Address used where none is given: <c>http://127.0.0.1:50051</c>, the server's default.</summary>
    public const string DefaultAddress = "http://127.0.0.1:50051";

    /// <summary>Most time one call may take, a whole generation included. Default null: the server's own limit applies.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>Most time to wait for a connection. Default 5 s; then the call is refused with <c>Unavailable</c>.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Silence on a connection in use after which it is pinged. Default 30 s.</summary>
    public TimeSpan KeepAliveDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time to wait for the answer to a ping before the connection is given up. Default 20 s.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Largest message accepted from the server, in bytes. Default 16 MiB: the tokens of the longest text the server accepts.</summary>
    public int MaxReceiveBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Transport to use instead of a direct HTTP/2 connection, for example a gRPC-Web handler. Default null. Not disposed.</summary>
    public HttpMessageHandler? Transport { get; init; }

    /// <summary>HTTP version of the calls. Default 2.0; 1.1 for a gRPC-Web transport to the server's HTTP port.</summary>
    public Version HttpVersion { get; init; } = System.Net.HttpVersion.Version20;
}
