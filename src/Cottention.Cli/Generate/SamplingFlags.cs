using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Cottention.Protocol.V1;

namespace Cottention.Cli.Generate;

/// <summary>The flags that say how to generate, one for each field of the request. What is not given is left to the server.</summary>
internal sealed class SamplingFlags
{
    private readonly Option<int?> _maxTokens = NumberOption.One<int>("--max-tokens", "n", "Most tokens to generate. Server's default: 256.");
    private readonly Option<int?> _minTokens = NumberOption.One<int>("--min-tokens", "n", "Tokens before the generation may stop by itself. Default: 0.");
    private readonly Option<float?> _temperature = NumberOption.One<float>("--temperature", "x", "Above 1 wilder, below 1 tamer, 0 always the best token. Default: 1.");
    private readonly Option<int?> _topK = NumberOption.One<int>("--top-k", "n", "Keep the n best tokens; 0 keeps all. Default: 0.");
    private readonly Option<float?> _topP = NumberOption.One<float>("--top-p", "x", "Keep the best tokens up to this probability. Default: 1.");
    private readonly Option<float?> _minP = NumberOption.One<float>("--min-p", "x", "Keep tokens at least this fraction as probable as the best. Default: 0.");
    private readonly Option<float?> _typicalP = NumberOption.One<float>("--typical-p", "x", "Keep the most typical tokens up to this probability. Default: 1.");
    private readonly Option<float?> _repetition = NumberOption.One<float>("--repetition-penalty", "x", "Divides the logits of recent tokens. Default: 1.");
    private readonly Option<float?> _presence = NumberOption.One<float>("--presence-penalty", "x", "Subtracted from the logits of recent tokens. Default: 0.");
    private readonly Option<float?> _frequency = NumberOption.One<float>("--frequency-penalty", "x", "Subtracted for each occurrence of a recent token. Default: 0.");
    private readonly Option<int?> _window = NumberOption.One<int>("--penalty-window", "n", "How many tokens count as recent. Default: 64.");
    private readonly Option<ulong?> _seed = NumberOption.One<ulong>("--seed", "n", "Restarts chance from this seed.");
    private readonly Option<string[]> _stop = new("--stop") { HelpName = "text", Description = "Ends the generation; not printed. May be repeated." };
    private readonly Option<int[]> _stopTokens = NumberOption.Many<int>("--stop-token", "id", "Token that ends the generation.");
    private readonly Option<int[]> _banned = NumberOption.Many<int>("--ban-token", "id", "Token that is never generated.");
    private readonly Option<KeyValuePair<int, float>[]> _bias = new("--logit-bias")
    {
        HelpName = "id=x",
        Description = "Adds x to a token's logit. May be repeated.",
        Arity = ArgumentArity.ZeroOrMore,
        CustomParser = ParseBias,
    };
    private readonly Option<bool> _ignoreEos = new("--ignore-eos") { Description = "Go on past the model's end-of-text token." };
    private readonly Option<bool> _parseControl = new("--parse-control-tokens") { Description = "Control tokens written out in the prompt are control tokens." };

    /// <summary>Adds the flags to a command.</summary>
    public void AddTo(Command command)
    {
        Option[] all =
        [
            _maxTokens, _minTokens, _temperature, _topK, _topP, _minP, _typicalP, _repetition, _presence, _frequency, _window, _seed,
            _stop, _stopTokens, _banned, _bias, _ignoreEos, _parseControl,
        ];
        foreach (var option in all)
            command.Options.Add(option);
    }

    /// <summary>A request with what was given.</summary>
    public GenerateRequest Read(ParseResult parsed)
    {
        var request = new GenerateRequest
        {
            Stop = { parsed.GetValue(_stop) ?? [] },
            StopTokenIds = { parsed.GetValue(_stopTokens) ?? [] },
            BannedTokens = { parsed.GetValue(_banned) ?? [] },
        };
        foreach (var (token, bias) in parsed.GetValue(_bias) ?? [])
            request.LogitBias[token] = bias;
        Set(parsed, _maxTokens, value => request.MaxTokens = value);
        Set(parsed, _minTokens, value => request.MinTokens = value);
        Set(parsed, _temperature, value => request.Temperature = value);
        Set(parsed, _topK, value => request.TopK = value);
        Set(parsed, _topP, value => request.TopP = value);
        Set(parsed, _minP, value => request.MinP = value);
        Set(parsed, _typicalP, value => request.TypicalP = value);
        Set(parsed, _repetition, value => request.RepetitionPenalty = value);
        Set(parsed, _presence, value => request.PresencePenalty = value);
        Set(parsed, _frequency, value => request.FrequencyPenalty = value);
        Set(parsed, _window, value => request.PenaltyWindow = value);
        Set(parsed, _seed, value => request.Seed = value);
        if (parsed.GetValue(_ignoreEos))
            request.IgnoreEos = true;
        if (parsed.GetValue(_parseControl))
            request.ParseControlTokens = true;
        return request;
    }

    private static void Set<T>(ParseResult parsed, Option<T?> option, Action<T> set)
        where T : struct
    {
        if (parsed.GetValue(option) is { } value)
            set(value);
    }

    private static KeyValuePair<int, float>[] ParseBias(ArgumentResult result)
    {
        var biases = new List<KeyValuePair<int, float>>();
        foreach (var token in result.Tokens)
        {
            var parts = token.Value.Split('=');
            if (parts.Length == 2 && int.TryParse(parts[0], CultureInfo.InvariantCulture, out var id) && float.TryParse(parts[1], CultureInfo.InvariantCulture, out var bias))
                biases.Add(new(id, bias));
            else
                result.AddError($"--logit-bias is '{token.Value}'; allowed: id=x, for example 42=-1.5");
        }
        return [.. biases];
    }
}
