namespace Cottention.Conformance;

/// <summary>The one way in which tests compare floats. The table of tolerances is in tests/README.md.</summary>
public static class Numerics
{
    /// <summary>Fails unless every element differs by at most <paramref name="absolute"/>; NaN never passes.</summary>
    public static void AssertClose(ReadOnlySpan<double> expected, ReadOnlySpan<double> actual, double absolute, string what = "values")
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            if (!(Math.Abs(expected[i] - actual[i]) <= absolute))
                Assert.Fail($"{what}[{i}]: expected {expected[i]:R}, was {actual[i]:R}, allowed difference {absolute:R}");
    }

    /// <inheritdoc cref="AssertClose(ReadOnlySpan{double}, ReadOnlySpan{double}, double, string)"/>
    public static void AssertClose(ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, double absolute, string what = "values")
    {
        var widened = new double[actual.Length];
        for (var i = 0; i < widened.Length; i++)
            widened[i] = actual[i];
        AssertClose(expected, widened, absolute, what);
    }

    /// <summary>Fails unless both hold the same bits.</summary>
    public static void AssertSameBits(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual, string what = "values")
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
            if (BitConverter.SingleToInt32Bits(expected[i]) != BitConverter.SingleToInt32Bits(actual[i]))
                Assert.Fail($"{what}[{i}]: expected {expected[i]:R}, was {actual[i]:R}, bits differ");
    }
}
