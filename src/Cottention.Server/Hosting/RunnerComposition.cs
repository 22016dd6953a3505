using Cottention.Inference;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Server.Hosting;

/// <summary>A runner that was chosen, whose slots fit.</summary>
/// <param name="Choice">Why this one.</param>
/// <param name="Budget">Memory for states where it runs.</param>
internal sealed record RunnerPlan(RunnerChoice Choice, StateBudget Budget);

/// <summary>The runner that serves.</summary>
/// <param name="Plan">Why this one.</param>
/// <param name="Runner">The runner.</param>
internal sealed record ChosenRunner(RunnerPlan Plan, IModelRunner Runner);

/// <summary>From options to the runner that serves: first the choice, which costs nothing, then the runner.</summary>
/// <param name="checkpoint">The model.</param>
/// <param name="options">What is asked for.</param>
/// <param name="machine">What there is.</param>
/// <param name="make">Makes the runner of a choice.</param>
internal sealed class RunnerComposition(Checkpoint checkpoint, ServerOptions options, Machine machine, Func<RunnerChoice, IModelRunner> make)
{
    /// <summary>Format of the weights in memory.</summary>
    public WeightFormat Weights { get; } = options.Weights == WeightFormat.Auto ? WeightFormats.Of(checkpoint) : options.Weights;

    /// <summary>Chooses, and refuses slots that do not fit where the runner would be.</summary>
    /// <exception cref="InferenceException">They do not, or nobody can tell.</exception>
    public RunnerPlan Choose()
    {
        var needs = Needs();
        // The validator has refused what cannot be parsed.
        return Plan(RunnerChoice.Of(DeviceOption.Parse(options.Device)!, needs, machine.Find), needs);
    }

    /// <summary>Makes the runner of a plan; where that refuses and nobody asked for it by name, the CPU's.</summary>
    /// <exception cref="InferenceException">As of the runner, or there is too little memory for it.</exception>
    public ChosenRunner Create(RunnerPlan plan) => plan.Choice.Make(choice =>
    {
        var tried = choice == plan.Choice ? plan : Plan(choice, Needs());
        try
        {
            return new ChosenRunner(tried, make(choice));
        }
        catch (OutOfMemoryException e)
        {
            throw new InferenceException(InferenceError.InvalidArgument, $"there is too little memory for the model: {e.Message}", e);
        }
    });

    private RunnerPlan Plan(RunnerChoice choice, ModelNeeds needs)
    {
        var budget = StateBudget.Of(options.StateBudgetMiB, needs.MemoryOf(choice.Kind), machine.MemoryOf(choice));
        budget.Check(options.Engine.TotalSlots);
        return new RunnerPlan(choice, budget);
    }

    private ModelNeeds Needs() => new(checkpoint.Config, Weights, RunnerFactory.SizesOf(options), options.Threads);
}
