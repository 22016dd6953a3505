using static TorchSharp.torch;

namespace Cottention.Torch.Runners;

/// <summary>What happens between a layer's projections: queries and keys are turned and made of length 1, values divided, states updated and read.</summary>
internal interface IRecurrence : IDisposable
{
    /// <summary>One or two words for the log.</summary>
    string Name { get; }

    /// <summary>Whether it wants tokens time after time, see <see cref="PlanTensors"/>; otherwise row after row.</summary>
    bool ByTime { get; }

    /// <summary>Makes what all layers of a step share, in the caller's dispose scope.</summary>
    void Begin(PlanTensors plan);

    /// <summary>Runs one layer: the states of the plan's slots take the tokens in, in place.</summary>
    /// <param name="layer">From 0.</param>
    /// <param name="queryKeyValue">[tokens, padded; 3 D].</param>
    /// <param name="states">[slots, L, H, V, K].</param>
    /// <returns>What the queries read, [tokens, padded; D] with zeros in the padding, in the caller's dispose scope.</returns>
    Tensor Run(int layer, Tensor queryKeyValue, Tensor states);
}
