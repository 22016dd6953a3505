using static TorchSharp.torch;

namespace Cottention.Torch;

/// <summary>
/// Rotary position embedding as in GPT-J: pairs (2i, 2i+1) of the first R components of a head turn by position * inv_freq[i].
/// A pair is one complex number here, and the turn is a product with e^(i angle).
/// </summary>
internal static class RotaryAngles
{
    private const double Base = 10000.0;

    /// <summary>[R/2] f32, with the bits of GPT-J's own table.</summary>
    public static float[] InverseFrequencies(int rotaryDim) =>
        [.. Enumerable.Range(0, rotaryDim / 2).Select(i => 1f / (float)Math.Pow(Base, 2 * i / (float)rotaryDim))];

    /// <summary>
    /// e^(i angle) for each position and pair. Angle, sine and cosine are rounded to float32, as in the authors' table:
    /// the rounding is part of the model.
    /// </summary>
    /// <param name="positions">[B, T] i64, from 0.</param>
    /// <param name="rotaryDim">R.</param>
    /// <param name="type">Type of the model.</param>
    /// <returns>[B, T, 1, R/2], complex of that type.</returns>
    public static Tensor Turns(Tensor positions, int rotaryDim, ScalarType type)
    {
        var frequencies = tensor(InverseFrequencies(rotaryDim), device: positions.device);
        var angles = (positions.to(ScalarType.Float32).unsqueeze(-1) * frequencies).to(ScalarType.Float64);
        Tensor Rounded(Tensor value) => value.to(ScalarType.Float32).to(type).unsqueeze(2);
        return complex(Rounded(angles.cos()), Rounded(angles.sin()));
    }

    /// <summary>Turns the first R components of every head and leaves the rest.</summary>
    /// <param name="heads">[B, T, H, K], float32 or float64.</param>
    /// <param name="turns">From <see cref="Turns"/>.</param>
    public static Tensor Rotate(Tensor heads, Tensor turns)
    {
        long keyDim = heads.shape[^1], pairs = turns.shape[^1];
        var first = heads.narrow(-1, 0, 2 * pairs).unflatten(3, [pairs, 2]).contiguous();
        var turned = view_as_real(view_as_complex(first) * turns).flatten(-2);
        return 2 * pairs == keyDim ? turned : cat([turned, heads.narrow(-1, 2 * pairs, keyDim - 2 * pairs)], -1);
    }
}
