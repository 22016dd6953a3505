using System.Text.Json;
using Cottention.Inference;
using Cottention.Inference.Model;
using Cottention.Torch;
using Cottention.Training.Optimization;
using static TorchSharp.torch;

namespace Cottention.Training;

/// <summary>
/// A run as one safetensors file, written beside the old one and renamed over it: weights, the moments of the optimizers,
/// the states and positions of the rows, and a <see cref="TrainingProgress"/> as text in the header.
/// </summary>
internal static class TrainingCheckpoint
{
    private const string ProgressKey = "cottention.training";
    private const string WeightPrefix = "model.";
    private const string StatePrefix = "state.";
    private const string PositionsName = "positions";

    /// <summary>Writes everything.</summary>
    public static void Write(string path, CottentionModel model, IEnumerable<Optimizer> optimizers, ModelState state, TrainingProgress progress)
    {
        List<TensorToWrite> tensors =
        [
            .. model.named_parameters().Select(p => TensorBytes.ToWrite(WeightPrefix + p.name, p.parameter)),
            .. optimizers.SelectMany(o => o.Moments).Select(m => TensorBytes.ToWrite(m.Name, m.Moment)),
            .. state.Layers.Select((layer, index) => TensorBytes.ToWrite(StatePrefix + index, layer)),
            TensorBytes.ToWrite(PositionsName, state.Positions),
        ];
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { [ProgressKey] = JsonSerializer.Serialize(progress) });
    }

    /// <summary>Reads what is not a tensor.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: no checkpoint of a run, or damaged.</exception>
    public static TrainingProgress ReadProgress(string path)
    {
        using var file = SafetensorsFile.Open(path);
        try
        {
            return JsonSerializer.Deserialize<TrainingProgress>(file.Metadata.GetValueOrDefault(ProgressKey, "null"))
                ?? throw new InferenceException(InferenceError.InvalidModel, $"{path}: holds no training run; its header has no '{ProgressKey}'.");
        }
        catch (JsonException e)
        {
            throw new InferenceException(InferenceError.InvalidModel, $"{path}: '{ProgressKey}' is damaged: {e.Message}", e);
        }
    }

    /// <summary>Reads the weights.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: a tensor is missing or of another shape.</exception>
    public static void ReadWeights(string path, CottentionModel model)
    {
        using var file = SafetensorsFile.Open(path);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        foreach (var (name, parameter) in model.named_parameters())
            parameter.copy_(TensorBytes.Read(file, WeightPrefix + name, parameter.shape));
    }

    /// <summary>Reads the optimizers' moments and the rows' states.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="optimizers">Take the moments.</param>
    /// <param name="state">Takes states and positions; its shapes are what the file must have.</param>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: a tensor is missing or of another shape.</exception>
    public static void ReadMoments(string path, IEnumerable<Optimizer> optimizers, ModelState state)
    {
        using var file = SafetensorsFile.Open(path);
        using var scope = NewDisposeScope();
        foreach (var (name, moment) in optimizers.SelectMany(optimizer => optimizer.Moments))
            moment.copy_(TensorBytes.Read(file, name, moment.shape));
        for (var layer = 0; layer < state.Layers.Count; layer++)
            state.Layers[layer].copy_(TensorBytes.Read(file, StatePrefix + layer, state.Layers[layer].shape));
        state.Positions.copy_(TensorBytes.Read(file, PositionsName, state.Positions.shape));
    }
}
