using Cottention.Inference;
using Cottention.Protocol.V1;
using Cottention.Server.Hosting;
using Google.Protobuf.Collections;
using Grpc.Core;

namespace Cottention.Server.Grpc;

/// <summary>Text in, text out: stops 1 and 8 of a request's way. <see cref="RefusalInterceptor"/> turns its exceptions into statuses.</summary>
internal sealed class GenerationGrpcService(Serving serving, CallLimits limits) : GenerationService.GenerationServiceBase
{
    // Time that an event under way is given when the call's time is up.
    private static readonly TimeSpan LastWriteTime = TimeSpan.FromSeconds(2);

    // A caller needs to see the pattern, not a million of them.
    private const int MaxTokenFaults = 16;

    public override async Task Generate(GenerateRequest request, IServerStreamWriter<GenerateResponse> responseStream, ServerCallContext context)
    {
        var host = serving.Require().Host;
        using var limit = limits.Begin(context);
        try
        {
            await foreach (var tokenEvent in host.GenerateAsync(GenerationMapping.ToRequest(request), limit.Token))
                await WriteAsync(responseStream, GenerationMapping.ToResponse(tokenEvent), context, limit.Token);
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested && limit.Refusal() is { } refusal)
        {
            throw refusal;
        }
    }

    public override async Task<TokenizeResponse> Tokenize(TokenizeRequest request, ServerCallContext context) =>
        new() { Tokens = { await EncodeAsync(request.Text, request.ParseControlTokens, context) } };

    public override Task<DetokenizeResponse> Detokenize(DetokenizeRequest request, ServerCallContext context)
    {
        var tokenizer = serving.Require().Model.Tokenizer;
        CheckTokens(request.Tokens, tokenizer.VocabularySize);
        return Task.FromResult(new DetokenizeResponse { Text = tokenizer.Decode([.. request.Tokens]) });
    }

    public override async Task<CountTokensResponse> CountTokens(CountTokensRequest request, ServerCallContext context) =>
        new() { Count = (await EncodeAsync(request.Text, request.ParseControlTokens, context)).Length };

    private ValueTask<int[]> EncodeAsync(string text, bool parseControlTokens, ServerCallContext context) =>
        serving.Require().Model.Tokenizer.EncodeAsync(text, parseControlTokens, context.CancellationToken);

    // The library's own token aborts the call without a status, so it is given only to a reader that does not read anyway.
    private async Task WriteAsync(IServerStreamWriter<GenerateResponse> responses, GenerateResponse response, ServerCallContext context, CancellationToken limit)
    {
        var write = responses.WriteAsync(response, CancellationToken.None);
        // Nearly always: the event has gone to the connection.
        if (write.IsCompletedSuccessfully)
            return;
        try
        {
            await write.WaitAsync(limits.Reader, limit);
        }
        catch (TimeoutException)
        {
            // It holds a place among those that run, though its generation may have ended long ago.
            context.GetHttpContext().Abort();
            throw new InferenceException(InferenceError.Overloaded, $"the caller took nothing for {limits.Reader.TotalSeconds:0} s");
        }
        catch (OperationCanceledException) when (!write.IsCompleted)
        {
            // A reader that reads takes what is under way, and is then told why the call ends; another is cut off.
            if (await Task.WhenAny(write, Task.Delay(LastWriteTime, CancellationToken.None)) != write)
                context.GetHttpContext().Abort();
            throw;
        }
    }

    private static void CheckTokens(RepeatedField<int> tokens, int vocabularySize)
    {
        var violations = new List<FieldViolation>();
        for (var i = 0; i < tokens.Count && violations.Count < MaxTokenFaults; i++)
            if ((uint)tokens[i] >= (uint)vocabularySize)
                violations.Add(new FieldViolation($"tokens[{i}]", $"is {tokens[i]}; allowed: 0 to {vocabularySize - 1}"));
        if (violations.Count > 0)
            throw new InferenceException(violations);
    }
}
