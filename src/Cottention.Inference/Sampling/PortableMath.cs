using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Cottention.Inference.Sampling;

/// <summary>
/// exp and ln from IEEE additions and multiplications in a fixed order, without fused operations, so that a seed gives
/// the same token on every machine; the platform's own functions differ in the last bit from one processor to the next.
/// Relative error below 1e-15 (exp) and 1e-14 (ln); checked by tests.
/// </summary>
internal static class PortableMath
{
    // exp(x) is taken as 0 below this: e^-700 is 1e-304.
    private const double Underflow = -700;
    private const double Log2E = 1.4426950408889634;

    // ln 2 in two parts; the high part has zeros at its end, so that its product with a small integer is exact.
    private const double Ln2High = 6.93147180369123816490e-01;
    private const double Ln2Low = 1.90821492927058770002e-10;

    // Added to an integer n, leaves n + 1023 in the low bits: the exponent field of 2^n.
    private const double ExponentMagic = 4503599627370496.0 + 1023;

    /// <summary>e^x for x up to 0, eight at a time; exactly 0 below -700.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Exp(Vector512<double> x)
    {
        var underflow = Vector512.LessThan(x, Vector512.Create(Underflow));
        x = Vector512.ConditionalSelect(underflow, Vector512.Create(Underflow), x);
        var n = Vector512.Floor(x * Log2E + Vector512.Create(0.5));
        var r = x - n * Ln2High - n * Ln2Low;

        // Taylor series to r^12 / 12!; |r| is at most ln 2 / 2.
        var sum = Vector512.Create(1.0 / 479001600);
        sum = sum * r + Vector512.Create(1.0 / 39916800);
        sum = sum * r + Vector512.Create(1.0 / 3628800);
        sum = sum * r + Vector512.Create(1.0 / 362880);
        sum = sum * r + Vector512.Create(1.0 / 40320);
        sum = sum * r + Vector512.Create(1.0 / 5040);
        sum = sum * r + Vector512.Create(1.0 / 720);
        sum = sum * r + Vector512.Create(1.0 / 120);
        sum = sum * r + Vector512.Create(1.0 / 24);
        sum = sum * r + Vector512.Create(1.0 / 6);
        sum = sum * r + Vector512.Create(0.5);
        sum = sum * r + Vector512<double>.One;
        sum = sum * r + Vector512<double>.One;

        var power = Vector512.ShiftLeft((n + Vector512.Create(ExponentMagic)).AsInt64(), 52).AsDouble();
        return Vector512.ConditionalSelect(underflow, Vector512<double>.Zero, sum * power);
    }

    /// <summary>ln x for a positive, finite, normal x.</summary>
    public static double Log(double x)
    {
        var bits = BitConverter.DoubleToInt64Bits(x);
        var exponent = (int)(bits >> 52) - 1023;
        var fraction = BitConverter.Int64BitsToDouble((bits & 0xFFFFFFFFFFFFF) | (1023L << 52));
        if (fraction > 1.4142135623730951)
        {
            fraction *= 0.5;
            exponent++;
        }

        // ln m = 2 artanh(s), s = (m - 1) / (m + 1), |s| at most 0.172: the series to s^23.
        var s = (fraction - 1) / (fraction + 1);
        var square = s * s;
        var sum = 1.0 / 23;
        for (var k = 21; k >= 1; k -= 2)
            sum = sum * square + 1.0 / k;
        return exponent * Ln2High + (exponent * Ln2Low + 2 * s * sum);
    }
}
