using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <content>Integers: SSSE3 on x86, the dot product on Arm where it is, plain vectors elsewhere.</content>
internal readonly unsafe partial struct Simd128
{
    /// <inheritdoc/>
    public static bool HasByteProducts => Dp.IsSupported;

    /// <inheritdoc/>
    public static Vector128<float> LoadBits(byte* source) => Vector128.Load(source).AsSingle();

    /// <inheritdoc/>
    public static Vector128<float> BroadcastInt(int value) => Vector128.Create(value).AsSingle();

    /// <inheritdoc/>
    public static Vector128<float> AddInts(Vector128<float> a, Vector128<float> b) => (a.AsInt32() + b.AsInt32()).AsSingle();

    /// <inheritdoc/>
    public static Vector128<float> AddWords(Vector128<float> a, Vector128<float> b) => (a.AsInt16() + b.AsInt16()).AsSingle();

    /// <inheritdoc/>
    public static Vector128<float> LowNibbles(Vector128<float> bytes) => (bytes.AsUInt32() & Vector128.Create(0x0F0F0F0Fu)).AsSingle();

    /// <inheritdoc/>
    public static Vector128<float> HighNibbles(Vector128<float> bytes) => ((bytes.AsUInt32() >> 4) & Vector128.Create(0x0F0F0F0Fu)).AsSingle();

    /// <inheritdoc/>
    public static Vector128<float> EvenBytes(Vector128<float> bytes) => (bytes.AsUInt32() & Vector128.Create(0x00FF00FFu)).AsSingle();

    /// <inheritdoc/>
    public static Vector128<float> OddBytes(Vector128<float> bytes) => (bytes.AsUInt16() >> 8).AsSingle();

    /// <inheritdoc/>
    public static Vector128<float> MultiplyWordPairs(Vector128<float> a, Vector128<float> b)
    {
        if (Sse2.IsSupported)
            return Sse2.MultiplyAddAdjacent(a.AsInt16(), b.AsInt16()).AsSingle();
        var (x, y) = (a.AsInt32(), b.AsInt32());
        return ((((x << 16) >> 16) * ((y << 16) >> 16)) + ((x >> 16) * (y >> 16))).AsSingle();
    }

    /// <inheritdoc/>
    public static Vector128<float> MultiplyBytePairs(Vector128<float> unsigned, Vector128<float> signed)
    {
        if (Ssse3.IsSupported)
            return Ssse3.MultiplyAddAdjacent(unsigned.AsByte(), signed.AsSByte()).AsSingle();
        var (u, s) = (unsigned.AsInt16(), signed.AsInt16());
        return (((u & Vector128.Create((short)0xFF)) * ((s << 8) >> 8)) + ((u >>> 8) * (s >> 8))).AsSingle();
    }

    // Arm multiplies bytes of one kind only: u = 128 + (u - 128).
    /// <inheritdoc/>
    public static Vector128<float> AddByteProducts(Vector128<float> sums, Vector128<float> unsigned, Vector128<float> signed)
    {
        var (u, s) = (unsigned.AsByte(), signed.AsSByte());
        var low = Dp.DotProduct(sums.AsInt32(), (u & Vector128.Create((byte)0x7F)).AsSByte(), s);
        return (Dp.DotProduct(Vector128<int>.Zero, (u >>> 7).AsSByte(), s) * 128 + low).AsSingle();
    }

    /// <inheritdoc/>
    public static Vector128<float> ToFloats(Vector128<float> ints) => Vector128.ConvertToSingle(ints.AsInt32());

    /// <inheritdoc/>
    public static Vector128<float> ToInts(Vector128<float> floats) => Vector128.ConvertToInt32(Vector128.Round(floats)).AsSingle();

    /// <inheritdoc/>
    public static Vector128<float> LoadBf16(ushort* source) => (Vector128.WidenLower(Vector128.CreateScalar(*(ulong*)source).AsUInt16()) << 16).AsSingle();

    /// <inheritdoc/>
    public static Vector128<float> MaxMagnitude(Vector128<float> a, Vector128<float> b) => Vector128.MaxNative(Vector128.Abs(a), b);

    /// <inheritdoc/>
    public static float Max(Vector128<float> x) => MathF.Max(MathF.Max(x[0], x[1]), MathF.Max(x[2], x[3]));

    /// <inheritdoc/>
    public static int SumInts(Vector128<float> ints) => Vector128.Sum(ints.AsInt32());

    /// <inheritdoc/>
    public static void StoreBytes(Vector128<float> ints, int* destination, int stride)
    {
        var words = Vector128.Narrow(ints.AsInt32(), ints.AsInt32());
        destination[0] = Vector128.Narrow(words, words).AsInt32()[0];
    }

    /// <inheritdoc/>
    public static void StoreWords(Vector128<float> ints, long* destination, int stride)
    {
        var words = Vector128.Narrow(ints.AsInt32(), ints.AsInt32());
        destination[0] = Vector128.Shuffle(words, Vector128.Create(0, 2, 1, 3, 4, 5, 6, 7)).AsInt64()[0];
    }
}
