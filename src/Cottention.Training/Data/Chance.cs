namespace Cottention.Training.Data;

/// <summary>Numbers that look random and depend only on what they are drawn for, so that nothing has to be kept to go on.</summary>
internal static class Chance
{
    /// <summary>Uniform in [0, 1).</summary>
    public static double Unit(ulong seed, ulong a, ulong b) => (Mix(Mix(Mix(seed) ^ a) ^ b) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in 0 .. bound - 1; the bias is below bound / 2^53.</summary>
    public static int Below(int bound, ulong seed, ulong a, ulong b) => (int)(Unit(seed, a, b) * bound);

    /// <summary>The output function of SplitMix64 (Steele, Lea and Flood 2014).</summary>
    public static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
