using System.Runtime.CompilerServices;
using Cottention.Protocol.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Cottention.Client;

/// <summary>
/// Talks to a Cottention server. Thread-safe; make one and keep it, it holds one connection.
/// <code>
/// using var client = CottentionClient.Connect("http://127.0.0.1:50051");
/// var request = new GenerateRequest { Prompt = "Once upon a time", MaxTokens = 100 };
/// await foreach (var response in client.GenerateAsync(request))
///     Console.Write(response.Text);
/// </code>
/// Every method raises <see cref="CottentionException"/> where the server refuses or cannot be reached, and
/// <see cref="OperationCanceledException"/> where the caller's own token was cancelled.
/// </summary>
public sealed class CottentionClient : IDisposable
{
    private readonly GrpcChannel _channel;
    private readonly CottentionClientOptions _options;
    private readonly GenerationService.GenerationServiceClient _generation;
    private readonly SessionService.SessionServiceClient _sessions;
    private readonly ModelService.ModelServiceClient _model;

    private CottentionClient(GrpcChannel channel, CottentionClientOptions options)
    {
        _channel = channel;
        _options = options;
        _generation = new GenerationService.GenerationServiceClient(channel);
        _sessions = new SessionService.SessionServiceClient(channel);
        _model = new ModelService.ModelServiceClient(channel);
    }

    /// <summary>A client for one address. Nothing is sent before the first call.</summary>
    /// <param name="address"><c>http://host:port</c> (plain HTTP/2) or <c>https://host:port</c>.</param>
    /// <param name="options">Limits; null for the defaults.</param>
    /// <exception cref="ArgumentException">The address is not absolute http or https.</exception>
    public static CottentionClient Connect(string address = CottentionClientOptions.DefaultAddress, CottentionClientOptions? options = null)
    {
        options ??= new CottentionClientOptions();
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https"))
            throw new ArgumentException($"'{address}' is no server address; allowed: http://host:port or https://host:port", nameof(address));
        return new CottentionClient(GrpcChannel.ForAddress(uri, ChannelOptions(uri, options)), options);
    }

    /// <summary>Runs one generation and yields its events as they come; the last one has usage. Leaving the loop cancels it.</summary>
    public async IAsyncEnumerable<GenerateResponse> GenerateAsync(
        GenerateRequest request, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var options = Call(cancellationToken);
        using var call = _generation.Generate(request, options);
        while (await Wrap(call.ResponseStream.MoveNext(cancellationToken), options).ConfigureAwait(false))
            yield return call.ResponseStream.Current;
    }

    /// <summary>The tokens of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="parseControlTokens">Whether control tokens written out in it are control tokens.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async Task<IReadOnlyList<int>> TokenizeAsync(string text, bool parseControlTokens = false, CancellationToken cancellationToken = default)
    {
        var request = new TokenizeRequest { Text = text, ParseControlTokens = parseControlTokens };
        return (await AskAsync(options => _generation.TokenizeAsync(request, options), cancellationToken).ConfigureAwait(false)).Tokens;
    }

    /// <summary>The text of tokens.</summary>
    public async Task<string> DetokenizeAsync(IEnumerable<int> tokens, CancellationToken cancellationToken = default)
    {
        var request = new DetokenizeRequest { Tokens = { tokens } };
        return (await AskAsync(options => _generation.DetokenizeAsync(request, options), cancellationToken).ConfigureAwait(false)).Text;
    }

    /// <summary>How many tokens a text has.</summary>
    public async Task<int> CountTokensAsync(string text, bool parseControlTokens = false, CancellationToken cancellationToken = default)
    {
        var request = new CountTokensRequest { Text = text, ParseControlTokens = parseControlTokens };
        return (await AskAsync(options => _generation.CountTokensAsync(request, options), cancellationToken).ConfigureAwait(false)).Count;
    }

    /// <summary>Creates an empty session.</summary>
    /// <param name="id">The id wanted; null for a random one.</param>
    /// <param name="seed">Seed of its chance; null for a random one.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task<Session> CreateSessionAsync(string? id = null, ulong? seed = null, CancellationToken cancellationToken = default)
    {
        var request = new CreateSessionRequest();
        if (id is not null)
            request.SessionId = id;
        if (seed is not null)
            request.Seed = seed.Value;
        return AskAsync(options => _sessions.CreateAsync(request, options), cancellationToken);
    }

    /// <summary>What is known of a session.</summary>
    public Task<Session> GetSessionAsync(string id, CancellationToken cancellationToken = default) =>
        AskAsync(options => _sessions.GetAsync(new GetSessionRequest { SessionId = id }, options), cancellationToken);

    /// <summary>Every session in the order of ids, fetched page by page.</summary>
    public async IAsyncEnumerable<Session> ListSessionsAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new ListSessionsRequest();
        while (true)
        {
            var page = await AskAsync(options => _sessions.ListAsync(request, options), cancellationToken).ConfigureAwait(false);
            foreach (var session in page.Sessions)
                yield return session;
            if (!page.HasNextPageToken)
                yield break;
            request.PageToken = page.NextPageToken;
        }
    }

    /// <summary>Forgets a session for good.</summary>
    public Task DeleteSessionAsync(string id, CancellationToken cancellationToken = default) =>
        AskAsync(options => _sessions.DeleteAsync(new DeleteSessionRequest { SessionId = id }, options), cancellationToken);

    /// <summary>Copies a session as it stands to a new one.</summary>
    /// <param name="id">The session to copy.</param>
    /// <param name="newId">The id of the copy; null for a random one.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public Task<Session> ForkSessionAsync(string id, string? newId = null, CancellationToken cancellationToken = default)
    {
        var request = new ForkSessionRequest { SessionId = id };
        if (newId is not null)
            request.NewSessionId = newId;
        return AskAsync(options => _sessions.ForkAsync(request, options), cancellationToken);
    }

    /// <summary>The served model's numbers and where it runs.</summary>
    public Task<Model> GetModelAsync(CancellationToken cancellationToken = default) =>
        AskAsync(options => _model.GetModelAsync(new GetModelRequest(), options), cancellationToken);

    /// <summary>How full the server is now.</summary>
    public Task<Capacity> GetCapacityAsync(CancellationToken cancellationToken = default) =>
        AskAsync(options => _model.GetCapacityAsync(new GetCapacityRequest(), options), cancellationToken);

    /// <summary>Closes the connection; calls in progress are cancelled.</summary>
    public void Dispose() => _channel.Dispose();

    private static GrpcChannelOptions ChannelOptions(Uri address, CottentionClientOptions options)
    {
        var transport = options.Transport ?? new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            KeepAlivePingDelay = options.KeepAliveDelay,
            KeepAlivePingTimeout = options.KeepAliveTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            EnableMultipleHttp2Connections = true,
            // Proxies do not carry HTTP/2 in clear text.
            UseProxy = address.Scheme == Uri.UriSchemeHttps,
        };
        return new GrpcChannelOptions
        {
            HttpHandler = transport,
            DisposeHttpClient = options.Transport is null,
            HttpVersion = options.HttpVersion,
            MaxReceiveMessageSize = options.MaxReceiveBytes,
        };
    }

    private Task<T> AskAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> call, CancellationToken cancellationToken)
    {
        var options = Call(cancellationToken);
        return Wrap(call(options).ResponseAsync, options);
    }

    // The one place where a gRPC failure becomes ours.
    internal static async Task<T> Wrap<T>(Task<T> call, CallOptions options)
    {
        try
        {
            return await call.ConfigureAwait(false);
        }
        // Whatever the status: a cancel that meets an event on its way shows in the library as a broken connection.
        catch (RpcException error) when (options.CancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The call was cancelled.", error, options.CancellationToken);
        }
        // So does a deadline, where the server ends the call before the library's own timer.
        catch (RpcException error) when (IsBroken(error) && options.Deadline <= TimeProvider.System.GetUtcNow().UtcDateTime)
        {
            throw CottentionException.From(new RpcException(new Status(StatusCode.DeadlineExceeded, "the deadline passed", error)));
        }
        catch (RpcException error)
        {
            throw CottentionException.From(error);
        }
    }

    // The library's own word for a call that broke; a refusal of the server says its reason.
    private static bool IsBroken(RpcException error) =>
        error.StatusCode is StatusCode.Unavailable or StatusCode.Internal or StatusCode.Cancelled && error.GetRpcStatus() is null;

    // Deadlines are moments by the clock for gRPC; TimeProvider.System is that clock.
    private CallOptions Call(CancellationToken cancellationToken) => new(
        deadline: _options.Deadline is { } limit ? TimeProvider.System.GetUtcNow().UtcDateTime + limit : null,
        cancellationToken: cancellationToken);
}
