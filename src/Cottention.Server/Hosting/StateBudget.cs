using System.Globalization;
using Cottention.Inference;
using Cottention.Inference.Model;

namespace Cottention.Server.Hosting;

/// <summary>Admission by arithmetic: slots times bytes per state must fit the memory set aside for states.</summary>
/// <param name="Bytes">Memory set aside.</param>
/// <param name="BytesPerSession">Bytes of one state.</param>
internal readonly record struct StateBudget(long Bytes, long BytesPerSession)
{
    private const double MiB = 1024 * 1024;

    /// <summary>Sessions whose states fit.</summary>
    public long SessionsThatFit => Bytes / BytesPerSession;

    /// <summary>The budget of these options for this model; half of <paramref name="availableBytes"/> where none is set.</summary>
    public static StateBudget Of(ServerOptions options, StateLayout layout, long availableBytes) =>
        new(options.StateBudgetMiB > 0 ? options.StateBudgetMiB * (1L << 20) : availableBytes / 2, layout.Bytes);

    /// <summary>Refuses a number of slots that does not fit.</summary>
    public void Check(int slots)
    {
        if (slots > SessionsThatFit)
            throw new InferenceException(InferenceError.InvalidModel, string.Create(CultureInfo.InvariantCulture,
                $"slots is {slots} and a state takes {BytesPerSession / MiB:0.00} MiB, {slots * (BytesPerSession / MiB):0.0} MiB in all; "
                + $"the state budget is {Bytes / MiB:0.0} MiB; allowed: at most {SessionsThatFit} slots, or a larger --state-budget-mib"));
    }
}
