using Cottention.Inference.Engine;
using Cottention.Inference.Sampling;
using Cottention.Protocol.V1;
using Google.Protobuf.WellKnownTypes;

namespace Cottention.Server.Grpc;

/// <summary>Between the wire and the engine, field by field. Checks nothing: the engine does, for every edge alike.</summary>
internal static class GenerationMapping
{
    public static GenerationRequest ToRequest(GenerateRequest r) => new()
    {
        SessionId = r.HasSessionId ? r.SessionId : null,
        Prompt = r.Prompt,
        PromptTokens = r.PromptTokens?.Ids,
        ParseControlTokens = r.ParseControlTokens,
        MaxTokens = r.HasMaxTokens ? r.MaxTokens : GenerationRequest.DefaultMaxTokens,
        MinTokens = r.MinTokens,
        Stop = r.Stop,
        StopTokenIds = r.StopTokenIds,
        IgnoreEos = r.IgnoreEos,
        Echo = r.Echo,
        Sampling = ToSampling(r),
    };

    public static GenerateResponse ToResponse(TokenEvent e)
    {
        var response = new GenerateResponse
        {
            Text = e.Text,
            Index = e.Index,
            Position = e.Position,
            SessionVersion = e.SessionVersion,
            PastTrainedLength = e.PastTrainedLength,
        };
        if (e.TokenId is { } token)
            response.TokenId = token;
        if (e.Logprob is { } logprob)
            response.Logprob = logprob;
        foreach (var (id, value) in e.TopLogprobs)
            response.TopLogprobs.Add(new Protocol.V1.TokenLogprob { TokenId = id, Logprob = value });
        if (e.FinishReason is { } reason)
            response.FinishReason = ToFinishReason(reason);
        if (e.MatchedStop is { } stop)
            response.MatchedStop = stop;
        if (e.Usage is { } usage)
            response.Usage = ToUsage(usage);
        return response;
    }

    private static SamplingParameters ToSampling(GenerateRequest r) => new()
    {
        Temperature = r.HasTemperature ? r.Temperature : null,
        TopK = r.HasTopK ? r.TopK : null,
        TopP = r.HasTopP ? r.TopP : null,
        MinP = r.HasMinP ? r.MinP : null,
        TypicalP = r.HasTypicalP ? r.TypicalP : null,
        RepetitionPenalty = r.HasRepetitionPenalty ? r.RepetitionPenalty : null,
        PresencePenalty = r.HasPresencePenalty ? r.PresencePenalty : null,
        FrequencyPenalty = r.HasFrequencyPenalty ? r.FrequencyPenalty : null,
        PenaltyWindow = r.HasPenaltyWindow ? r.PenaltyWindow : null,
        LogitBias = r.LogitBias.Count > 0 ? r.LogitBias.AsReadOnly() : null,
        BannedTokens = r.BannedTokens.Count > 0 ? r.BannedTokens : null,
        Seed = r.HasSeed ? r.Seed : null,
        Logprobs = r.HasLogprobs ? r.Logprobs : null,
    };

    private static Protocol.V1.FinishReason ToFinishReason(Inference.Engine.FinishReason reason) => reason switch
    {
        Inference.Engine.FinishReason.Stop => Protocol.V1.FinishReason.Stop,
        Inference.Engine.FinishReason.Length => Protocol.V1.FinishReason.Length,
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "not in the contract"),
    };

    private static Protocol.V1.Usage ToUsage(Inference.Engine.Usage usage) => new()
    {
        PromptTokens = usage.PromptTokens,
        CachedPosition = usage.CachedPosition,
        OutputTokens = usage.OutputTokens,
        QueueTime = usage.QueueTime.ToDuration(),
        TimeToFirstToken = usage.TimeToFirstToken.ToDuration(),
        TotalTime = usage.TotalTime.ToDuration(),
    };
}
