using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Server.Hosting;

/// <summary>What a model asks of a device.</summary>
/// <param name="HeadDim">K.</param>
/// <param name="Weights">Format of the weights; never Auto.</param>
/// <param name="WeightBytes">Bytes of weights there.</param>
/// <param name="StateBytes">Bytes of the states of all slots.</param>
internal readonly record struct ModelNeeds(int HeadDim, WeightFormat Weights, long WeightBytes, long StateBytes)
{
    /// <summary>Weights and states.</summary>
    public long Bytes => WeightBytes + StateBytes;

    /// <summary>Why no CUDA device serves the model well, or null.</summary>
    public string? WhyNotCuda =>
        Weights is not (WeightFormat.F32 or WeightFormat.Bf16) ? $"the weights are {Weights.Name()}, and CUDA computes with f32 or bf16"
        : HeadDim is not (64 or 128) ? $"the model's heads are {HeadDim} wide, and the fast CUDA kernels are for 64 and 128"
        : null;

    /// <summary>What a model with so many slots asks.</summary>
    public static ModelNeeds Of(ModelConfig config, WeightFormat weights, int slots) => new(
        config.HeadDim, weights, config.ParameterCount * (weights == WeightFormat.F32 ? sizeof(float) : sizeof(ushort)), slots * StateLayout.Of(config).Bytes);
}
