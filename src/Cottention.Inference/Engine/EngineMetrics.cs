using System.Diagnostics;
using System.Diagnostics.Metrics;
using Cottention.Inference.Runners;

namespace Cottention.Inference.Engine;

/// <summary>
/// The instruments, on the meter <see cref="MeterName"/>. Names starting with gen_ai follow OpenTelemetry's conventions for
/// generative AI; times are in seconds. No label ever holds a session id.
/// </summary>
public sealed class EngineMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Cottention";

    private readonly Meter _meter = new(MeterName);
    private readonly TagList _model;
    private readonly Histogram<double> _requestDuration;
    private readonly Histogram<double> _timeToFirstToken;
    private readonly Histogram<double> _timePerOutputToken;
    private readonly Histogram<double> _stepDuration;
    private readonly Histogram<int> _batchRows;
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _drafted;
    private readonly Counter<long> _accepted;
    private readonly Counter<long> _generations;
    private readonly Counter<long> _saves;
    private readonly KeyValuePair<string, object?> _promptType = new("type", "prompt");
    private readonly KeyValuePair<string, object?> _outputType = new("type", "output");

    /// <summary>Creates the instruments.</summary>
    /// <param name="modelName">Label gen_ai.request.model.</param>
    public EngineMetrics(string modelName)
    {
        _model = new TagList { { "gen_ai.operation.name", "text_completion" }, { "gen_ai.provider.name", "cottention" }, { "gen_ai.request.model", modelName } };
        _requestDuration = _meter.CreateHistogram<double>("gen_ai.server.request.duration", "s", "From the call to the end of the generation.");
        _timeToFirstToken = _meter.CreateHistogram<double>("gen_ai.server.time_to_first_token", "s", "From the call to the first token.");
        _timePerOutputToken = _meter.CreateHistogram<double>("gen_ai.server.time_per_output_token", "s", "Mean time of a token after the first, one value a generation.");
        _stepDuration = _meter.CreateHistogram<double>("cottention.step.duration", "s", "One step: run, sample, publish.");
        _batchRows = _meter.CreateHistogram<int>("cottention.batch.rows", "{row}", "Rows of a step.");
        _tokens = _meter.CreateCounter<long>("cottention.tokens", "{token}", "Tokens consumed and sampled; type is prompt or output.");
        _drafted = _meter.CreateCounter<long>("cottention.draft.tokens", "{token}", "Tokens that were drafted and verified.");
        _accepted = _meter.CreateCounter<long>("cottention.draft.accepted", "{token}", "Drafted tokens that were what the model gave.");
        _generations = _meter.CreateCounter<long>("cottention.generations", "{generation}", "Generations that ended; reason is stop, length, cancelled or error.");
        _saves = _meter.CreateCounter<long>("cottention.session.saves", "{save}", "Commits to the session store; result is ok or error.");
    }

    /// <summary>The meter, for a listener that hears this object's instruments only.</summary>
    internal Meter Meter => _meter;

    /// <summary>Publishes what can be read at any time.</summary>
    internal void Observe(Func<int> resident, Func<int> running, Func<int> queued, long stateBytes)
    {
        _meter.CreateObservableGauge("cottention.sessions.resident", resident, "{session}", "Sessions whose state is in a slot.");
        _meter.CreateObservableGauge("cottention.state.bytes", () => resident() * stateBytes, "By", "Bytes of state of the resident sessions.");
        _meter.CreateObservableGauge("cottention.generations.running", running, "{generation}", "Generations in the running set.");
        _meter.CreateObservableGauge("cottention.queue.length", queued, "{generation}", "Generations that wait for a place.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    internal void StepEnded(StepPlan plan, TimeSpan duration)
    {
        _stepDuration.Record(duration.TotalSeconds);
        _batchRows.Record(plan.RowCount);
    }

    internal void Verified(int drafted, int accepted)
    {
        _drafted.Add(drafted);
        _accepted.Add(accepted);
    }

    internal void GenerationEnded(Generation generation, Usage usage, FinishReason reason)
    {
        _tokens.Add(usage.PromptTokens, _promptType);
        _tokens.Add(usage.OutputTokens, _outputType);
        _generations.Add(1, new KeyValuePair<string, object?>("reason", reason == FinishReason.Stop ? "stop" : "length"));
        _requestDuration.Record(usage.TotalTime.TotalSeconds, _model);
        if (generation.FirstTokenAt == 0)
            return;
        _timeToFirstToken.Record(usage.TimeToFirstToken.TotalSeconds, _model);
        if (usage.OutputTokens > 1)
            _timePerOutputToken.Record((usage.TotalTime - usage.TimeToFirstToken).TotalSeconds / (usage.OutputTokens - 1), _model);
    }

    internal void GenerationDropped(bool cancelled) =>
        _generations.Add(1, new KeyValuePair<string, object?>("reason", cancelled ? "cancelled" : "error"));

    internal void Saved(bool ok) => _saves.Add(1, new KeyValuePair<string, object?>("result", ok ? "ok" : "error"));
}
