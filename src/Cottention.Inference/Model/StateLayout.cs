namespace Cottention.Inference.Model;

// Shapes in this code base are written in one alphabet:
//   B rows in a step, T tokens of a row in a step, L layers, H heads,
//   K key dim of a head, V value dim of a head, D model dim, N vocabulary size.

/// <summary>
/// The one definition of a session's state: <c>[L, H, V, K] f32</c>, row = value index, column = key index.
/// Fixed size whatever the length of the session. A runner may hold its slots in another order.
/// </summary>
/// <param name="Layers">L.</param>
/// <param name="Heads">H.</param>
/// <param name="ValueDim">V, value dim of a head.</param>
/// <param name="KeyDim">K, key dim of a head.</param>
public sealed record StateLayout(int Layers, int Heads, int ValueDim, int KeyDim)
{
    /// <summary>Version of the exported order and dtype; part of every snapshot.</summary>
    public const int Version = 1;

    /// <summary>Number of float32 values in one state.</summary>
    public int ElementCount => checked(Layers * Heads * ValueDim * KeyDim);

    /// <summary>Bytes of one state.</summary>
    public long Bytes => (long)ElementCount * sizeof(float);

    /// <summary>The layout of a model's state.</summary>
    public static StateLayout Of(ModelConfig config) =>
        new(config.LayerCount, config.HeadCount, config.HeadDim, config.HeadDim);
}
