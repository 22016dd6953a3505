using Cottention.Inference.Engine;
using Cottention.Inference.Sessions;

namespace Cottention.Server.Hosting;

/// <summary>A loaded model with all that serves it. Disposed once, after the last call has ended.</summary>
/// <param name="Model">Config, tokenizer, fingerprint.</param>
/// <param name="Host">Serves sessions by id.</param>
/// <param name="ParameterCount">Number of weights.</param>
/// <param name="Device">Where the arithmetic runs.</param>
/// <param name="Runner">The runner in one line.</param>
/// <param name="Plan">Why this runner, and memory for states.</param>
/// <param name="SinceLastTick">Time since the step thread was last seen alive.</param>
/// <param name="Close">Stops the engine, parks the sessions and frees the memory.</param>
internal sealed record ServedModel(
    LoadedModel Model,
    ISessionHost Host,
    long ParameterCount,
    string Device,
    string Runner,
    RunnerPlan Plan,
    Func<TimeSpan> SinceLastTick,
    Func<ValueTask> Close);
