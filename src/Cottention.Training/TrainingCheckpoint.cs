using System.Text.Json;
using Cottention.Inference.Model;
using Cottention.Torch;
using Cottention.Training.Data;
using Cottention.Training.Optimization;

namespace Cottention.Training;

/// <summary>What a run keeps beside its tensors.</summary>
/// <param name="Options">What defines the run.</param>
/// <param name="Sources">Names of the sources, in order.</param>
/// <param name="Step">Steps taken.</param>
/// <param name="Seconds">Time spent in training so far.</param>
/// <param name="Reader">Where the data stands.</param>
internal sealed record TrainingProgress(
    TrainingOptions Options, IReadOnlyList<string> Sources, long Step, double Seconds, BatchReaderState Reader);

/// <summary>
/// A run as one safetensors file, written beside the old one and renamed over it: weights, both moments of the optimizer,
/// the states and positions of the rows, and a <see cref="TrainingProgress"/> as text in the header.
/// </summary>
internal static class TrainingCheckpoint
{
    private const string ProgressKey = "cottention.training";
    private const string WeightPrefix = "model.";
    private const string FirstPrefix = "adam.first.";
    private const string SecondPrefix = "adam.second.";
    private const string StatePrefix = "state.";
    private const string PositionsName = "positions";

    /// <summary>Writes everything.</summary>
    public static void Write(string path, CottentionModel model, AdamW optimizer, ModelState state, TrainingProgress progress)
    {
        List<TensorToWrite> tensors =
        [
            .. model.named_parameters().Select(p => TensorBytes.ToWrite(WeightPrefix + p.name, p.parameter)),
            .. optimizer.Moments.Select(m => TensorBytes.ToWrite(FirstPrefix + m.Name, m.First)),
            .. optimizer.Moments.Select(m => TensorBytes.ToWrite(SecondPrefix + m.Name, m.Second)),
            .. state.Layers.Select((layer, index) => TensorBytes.ToWrite($"{StatePrefix}{index}", layer)),
            TensorBytes.ToWrite(PositionsName, state.Positions),
        ];
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { [ProgressKey] = JsonSerializer.Serialize(progress) });
    }
}
