using Cottention.Inference.Sampling;

namespace Cottention.Inference.Engine;

/// <summary>The ranges of a <see cref="GenerationRequest"/>. Field names are those of proto/cottention/v1.</summary>
internal static class GenerationRules
{
    public const int MaxStopTokens = 64;

    /// <summary>Refuses a request with every faulty field at once, before any work.</summary>
    public static void Check(GenerationRequest request, EngineOptions options, int vocabularySize)
    {
        var violations = new List<FieldViolation>();
        void Add(string field, string description) => violations.Add(new FieldViolation(field, description));

        if (request.MaxTokens < 0 || request.MaxTokens > options.MaxOutputTokens)
            Add("max_tokens", $"is {request.MaxTokens}; allowed: 0 to {options.MaxOutputTokens}");
        if (request.MinTokens < 0 || request.MinTokens > Math.Max(0, request.MaxTokens))
            Add("min_tokens", $"is {request.MinTokens}; allowed: 0 to max_tokens");
        if (request.PromptTokens is not null && request.Prompt.Length > 0)
            Add("prompt_tokens", "is given beside prompt; allowed: one of the two");
        if (request.PromptTokens is { } tokens)
            CheckTokens("prompt_tokens", tokens, options.MaxPromptTokens, vocabularySize, violations);
        // A UTF-16 unit is at most three bytes of UTF-8, so most prompts need no count.
        if (request.Prompt.Length > options.MaxPromptBytes / 3 && System.Text.Encoding.UTF8.GetByteCount(request.Prompt) > options.MaxPromptBytes)
            Add("prompt", $"is longer than {options.MaxPromptBytes} bytes of UTF-8");
        CheckTokens("stop_token_ids", request.StopTokenIds, MaxStopTokens, vocabularySize, violations);
        StopMatcher.Validate(request.Stop, violations);
        request.Sampling.Validate(vocabularySize, violations);
        if (violations.Count > 0)
            throw new InferenceException(violations);
    }

    private static void CheckTokens(string field, IReadOnlyList<int> tokens, int most, int vocabularySize, List<FieldViolation> violations)
    {
        if (tokens.Count > most)
            violations.Add(new FieldViolation(field, $"has {tokens.Count} entries; allowed: {most}"));
        for (var i = 0; i < Math.Min(tokens.Count, most); i++)
        {
            if ((uint)tokens[i] < (uint)vocabularySize)
                continue;
            violations.Add(new FieldViolation($"{field}[{i}]", $"is {tokens[i]}; allowed: 0 to {vocabularySize - 1}"));
            return;
        }
    }
}
