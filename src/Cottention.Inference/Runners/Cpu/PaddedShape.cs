using Cottention.Inference.Model;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>The widths of a model in memory: each padded to whole panels, so that no vector is ever cut.</summary>
internal sealed class PaddedShape
{
    /// <summary>Widths of a model.</summary>
    public PaddedShape(ModelConfig config)
    {
        Embedding = PackedMatrix.Padded(config.EmbeddingSize, PackedMatrix.PanelRows);
        HeadDim = PackedMatrix.Padded(config.HeadDim, PackedMatrix.PanelRows);
        Heads = checked(config.HeadCount * HeadDim);
        QueryKeyValue = checked(3 * Heads);
        Inner = PackedMatrix.Padded(config.InnerSize, PackedMatrix.PanelRows);
    }

    /// <summary>D.</summary>
    public int Embedding { get; }

    /// <summary>Kp = Vp of one head.</summary>
    public int HeadDim { get; }

    /// <summary>All heads' values side by side.</summary>
    public int Heads { get; }

    /// <summary>For each head its query, key and value.</summary>
    public int QueryKeyValue { get; }

    /// <summary>Width of the MLP.</summary>
    public int Inner { get; }
}
