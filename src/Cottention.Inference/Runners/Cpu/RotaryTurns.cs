using System.Globalization;
using System.Numerics;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>
/// Rotary angles for any position, from 64-bit fixed-point fractions of a turn: pair i turns by
/// <c>frac(inv_freq[i] / 2 pi)</c> a token, and a wrapping integer product gives the turn at a position.
/// Integer arithmetic, so every device gets the same turn to the bit; there is no table that ends.
/// </summary>
internal sealed class RotaryTurns
{
    private const double Base = 10000.0;
    private const int FractionBits = 192;

    // Radians of one unit of a 32-bit signed fraction of a turn.
    private const double RadiansPerUnit = 2.0 * Math.PI / 4294967296.0;

    // 2/pi as a 192-bit fraction (the leading digits of the table used for argument reduction in libm).
    private static readonly BigInteger TwoOverPi =
        BigInteger.Parse("0A2F9836E4E441529FC2757D1F534DDC0DB6295993C439041", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private readonly ulong[] _turns;

    /// <summary>Angles for a head of which the first <paramref name="rotaryDim"/> components rotate; even, in tokens' order (2i, 2i+1).</summary>
    public RotaryTurns(int rotaryDim)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(rotaryDim % 2, 0);
        _turns = new ulong[rotaryDim / 2];
        for (var pair = 0; pair < _turns.Length; pair++)
            _turns[pair] = TurnsOf(InverseFrequency(pair, rotaryDim));
    }

    /// <summary>For each rotated pair the fraction of a turn a token, times 2^64.</summary>
    public ReadOnlySpan<ulong> Turns => _turns;

    /// <summary>Rotated pairs of a head.</summary>
    public int PairCount => _turns.Length;

    /// <summary>GPT-J's inverse frequency in radians a token, rounded to float32 as the reference rounds it.</summary>
    public static float InverseFrequency(int pair, int rotaryDim) => 1f / (float)Math.Pow(Base, 2 * pair / (float)rotaryDim);

    /// <summary>Angle of a pair at a position (from 0), as a signed 32-bit fraction of a turn.</summary>
    public int TurnAt(int pair, long position) => (int)((_turns[pair] * (ulong)position) >> 32);

    /// <summary>Sine and cosine of a pair's angle at a position (from 0).</summary>
    public (double Sin, double Cos) SinCosAt(int pair, long position) => Math.SinCos(TurnAt(pair, position) * RadiansPerUnit);

    // round(inverseFrequency / 2 pi * 2^64) modulo 2^64, exactly.
    private static ulong TurnsOf(float inverseFrequency)
    {
        var bits = BitConverter.SingleToInt32Bits(inverseFrequency);
        var mantissa = (bits & 0x7FFFFF) | 0x800000;
        var exponent = ((bits >> 23) & 0xFF) - 150;
        // 1/(2 pi) is a quarter of 2/pi.
        var shift = FractionBits + 2 - 64 - exponent;
        var turns = ((mantissa * TwoOverPi) + (BigInteger.One << (shift - 1))) >> shift;
        return (ulong)(turns & ulong.MaxValue);
    }
}
