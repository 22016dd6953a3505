using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Cottention.Server.Hosting;

/// <summary>The two ports and their limits. The gRPC port speaks HTTP/2 only, the HTTP port HTTP/1.1 only.</summary>
internal sealed class Listeners(IOptions<ServerOptions> options)
{
    // A message has 5 bytes of framing, and gRPC-Web text is base64.
    private const int BodyOverheadBytes = 1024;

    // Silence on a connection after which it is pinged, and time to answer before it is closed.
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan HeadersTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(130);

    private ListenOptions? _grpc;
    private ListenOptions? _http;

    /// <summary>Where gRPC is served; the real port once the server has started.</summary>
    public string GrpcAddress => $"http://{_grpc?.IPEndPoint}";

    /// <summary>Where health, metrics and gRPC-Web are served; the real port once the server has started.</summary>
    public string HttpAddress => $"http://{_http?.IPEndPoint}";

    /// <summary>Opens the ports of the options.</summary>
    public static void Configure(KestrelServerOptions kestrel) => kestrel.ApplicationServices.GetRequiredService<Listeners>().Open(kestrel);

    private void Open(KestrelServerOptions kestrel)
    {
        var server = options.Value;
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = server.MaxConnections;
        kestrel.Limits.MaxRequestBodySize = server.MaxReceiveBytes / 3L * 4 + BodyOverheadBytes;
        kestrel.Limits.RequestHeadersTimeout = HeadersTimeout;
        kestrel.Limits.KeepAliveTimeout = IdleTimeout;

        // A reader may pause as long as its deadline allows: that holds up nobody else, and pings tell whether it lives.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.Http2.MaxStreamsPerConnection = server.MaxStreamsPerConnection;
        kestrel.Limits.Http2.KeepAlivePingDelay = PingDelay;
        kestrel.Limits.Http2.KeepAlivePingTimeout = PingTimeout;

        var address = IPAddress.Parse(server.Listen);
        kestrel.Listen(address, server.GrpcPort, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            _grpc = listen;
        });
        kestrel.Listen(address, server.HttpPort, listen =>
        {
            listen.Protocols = HttpProtocols.Http1;
            _http = listen;
        });
    }
}
