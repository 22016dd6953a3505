using System.Numerics;
using Cottention.Inference.Model;
using Cottention.Torch;
using Cottention.Training.Optimization;

namespace Cottention.Training;

/// <summary>What defines a run. Kept in its checkpoint; a run is only resumed with equal ones, but for <see cref="Steps"/>.</summary>
internal sealed record TrainingOptions
{
    /// <summary>Most tokens of the vocabulary that is learnt, 257 to 65,536. Default 4096.</summary>
    public int Vocabulary { get; init; } = 4096;

    /// <summary>D. Default 256.</summary>
    public int Width { get; init; } = 256;

    /// <summary>H. Default 4.</summary>
    public int Heads { get; init; } = 4;

    /// <summary>L. Default 5.</summary>
    public int Layers { get; init; } = 5;

    /// <summary>Width of the MLP. Default 1024.</summary>
    public int Inner { get; init; } = 1024;

    /// <summary>Rotated components of a head. Default 64.</summary>
    public int RotaryDim { get; init; } = 64;

    /// <summary>Kind of attention. Default cosine; softmax is there to compare with.</summary>
    public AttentionKind Attention { get; init; } = AttentionKind.Cosine;

    /// <summary>
    /// Most segments through which a row carries its state and position (truncated back-propagation through time). Default 16.
    /// 1: every segment starts at position 0 with a zero state; softmax attention, which would have to keep all tokens, always does.
    /// </summary>
    public int Carry { get; init; } = 16;

    /// <summary>First norm_const of a layer's first head. Default -3.</summary>
    public double LowestNormConst { get; init; } = -3;

    /// <summary>First norm_const of a layer's last head. Default 0.</summary>
    public double HighestNormConst { get; init; }

    /// <summary>T, tokens of a segment. Default 256.</summary>
    public int Length { get; init; } = 256;

    /// <summary>B, segments of a batch. Default 8.</summary>
    public int Batch { get; init; } = 8;

    /// <summary>Batches added up for one step. Default 1.</summary>
    public int Accumulate { get; init; } = 1;

    /// <summary>Steps of the whole run. May be changed when a run resumes: the decay then ends there.</summary>
    public long Steps { get; init; } = 1000;

    /// <summary>Steps in which the learning rate rises. Default 200.</summary>
    public long Warmup { get; init; } = 200;

    /// <summary>What moves the matrices of the layers. Default Muon; everything else is always moved by AdamW.</summary>
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.Muon;

    /// <summary>Highest learning rate of AdamW. Default 2e-3.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>Highest learning rate of Muon. Default 0.02.</summary>
    public double MuonRate { get; init; } = 0.02;

    /// <summary>Share of the steps in which the learning rate falls. Default 0.4.</summary>
    public double DecayShare { get; init; } = 0.4;

    /// <summary>Last learning rate relative to the highest. Default 0.02.</summary>
    public double FinalShare { get; init; } = 0.02;

    /// <summary>Weight decay of matrices. Default 0.1.</summary>
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Longest gradient. Default 1.</summary>
    public double Clip { get; init; } = 1;

    /// <summary>Decides first weights and order of the data. Default 1.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Matrix products in bfloat16. Default false.</summary>
    public bool BFloat16 { get; init; }

    /// <summary>Tokens of one step.</summary>
    public long TokensPerStep => (long)Length * Batch * Accumulate;

    /// <summary>Checks what the sizes must have in common.</summary>
    /// <exception cref="FormatException">They make no model; the message says why in one line.</exception>
    public void CheckSizes()
    {
        if (Width % Heads != 0 || Width / Heads % 2 != 0)
            throw new FormatException($"The width is {Width} and the heads are {Heads}; allowed: a width that is an even number times the heads.");
        if (RotaryDim % 2 != 0 || RotaryDim > Width / Heads)
            throw new FormatException($"The rotary dim is {RotaryDim}; allowed: even, up to width / heads = {Width / Heads}.");
        if (Carry < 1 || !BitOperations.IsPow2(Carry) || Carry > 1 << 14)
            throw new FormatException($"--carry is {Carry}; allowed: a power of two, 1 to {1 << 14}.");
        if (Carry > 1 && Attention == AttentionKind.Softmax)
            throw new FormatException("Softmax attention cannot carry a state from segment to segment; add --carry 1.");
    }

    /// <summary>The model's sizes. The end of text also begins a text.</summary>
    /// <param name="vocabulary">Tokens the vocabulary really has; the last is the end of text.</param>
    public ModelConfig ModelConfig(int vocabulary) => new()
    {
        EmbeddingSize = Width,
        HeadCount = Heads,
        LayerCount = Layers,
        InnerSize = Inner,
        VocabularySize = vocabulary,
        RotaryDim = RotaryDim,
        TrainedPositions = Length * (1 << BitOperations.Log2((uint)Carry)),
        BosTokenId = vocabulary - 1,
        EosTokenId = vocabulary - 1,
    };
}
