using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <content>Integers: AVX2, and AVX-VNNI where the machine has it.</content>
internal readonly unsafe partial struct Simd256
{
    /// <inheritdoc/>
    public static bool HasByteProducts => AvxVnni.IsSupported;

    /// <inheritdoc/>
    public static Vector256<float> LoadBits(byte* source) => Vector256.Load(source).AsSingle();

    /// <inheritdoc/>
    public static Vector256<float> BroadcastInt(int value) => Vector256.Create(value).AsSingle();

    /// <inheritdoc/>
    public static Vector256<float> AddInts(Vector256<float> a, Vector256<float> b) => (a.AsInt32() + b.AsInt32()).AsSingle();

    /// <inheritdoc/>
    public static Vector256<float> AddWords(Vector256<float> a, Vector256<float> b) => (a.AsInt16() + b.AsInt16()).AsSingle();

    /// <inheritdoc/>
    public static Vector256<float> LowNibbles(Vector256<float> bytes) => (bytes.AsUInt32() & Vector256.Create(0x0F0F0F0Fu)).AsSingle();

    /// <inheritdoc/>
    public static Vector256<float> HighNibbles(Vector256<float> bytes) => ((bytes.AsUInt32() >> 4) & Vector256.Create(0x0F0F0F0Fu)).AsSingle();

    /// <inheritdoc/>
    public static Vector256<float> EvenBytes(Vector256<float> bytes) => (bytes.AsUInt32() & Vector256.Create(0x00FF00FFu)).AsSingle();

    /// <inheritdoc/>
    public static Vector256<float> OddBytes(Vector256<float> bytes) => (bytes.AsUInt16() >> 8).AsSingle();

    /// <inheritdoc/>
    public static Vector256<float> MultiplyWordPairs(Vector256<float> a, Vector256<float> b) =>
        Avx2.MultiplyAddAdjacent(a.AsInt16(), b.AsInt16()).AsSingle();

    /// <inheritdoc/>
    public static Vector256<float> MultiplyBytePairs(Vector256<float> unsigned, Vector256<float> signed) =>
        Avx2.MultiplyAddAdjacent(unsigned.AsByte(), signed.AsSByte()).AsSingle();

    /// <inheritdoc/>
    public static Vector256<float> AddByteProducts(Vector256<float> sums, Vector256<float> unsigned, Vector256<float> signed) =>
        AvxVnni.MultiplyWideningAndAdd(sums.AsInt32(), unsigned.AsByte(), signed.AsSByte()).AsSingle();

    /// <inheritdoc/>
    public static Vector256<float> ToFloats(Vector256<float> ints) => Avx.ConvertToVector256Single(ints.AsInt32());

    /// <inheritdoc/>
    public static Vector256<float> ToInts(Vector256<float> floats) => Avx.ConvertToVector256Int32(floats).AsSingle();

    /// <inheritdoc/>
    public static Vector256<float> LoadBf16(ushort* source) => (Avx2.ConvertToVector256Int32(source) << 16).AsSingle();

    /// <inheritdoc/>
    public static Vector256<float> MaxMagnitude(Vector256<float> a, Vector256<float> b) => Vector256.MaxNative(Vector256.Abs(a), b);

    /// <inheritdoc/>
    public static float Max(Vector256<float> x) => Simd128.Max(Vector128.MaxNative(x.GetLower(), x.GetUpper()));

    /// <inheritdoc/>
    public static int SumInts(Vector256<float> ints) => Vector256.Sum(ints.AsInt32());

    /// <inheritdoc/>
    public static void StoreBytes(Vector256<float> ints, int* destination, int stride)
    {
        var words = Vector128.Narrow(ints.GetLower().AsInt32(), ints.GetUpper().AsInt32());
        var bytes = Vector128.Narrow(words, words).AsInt32();
        destination[0] = bytes[0];
        destination[stride] = bytes[1];
    }

    /// <inheritdoc/>
    public static void StoreWords(Vector256<float> ints, long* destination, int stride)
    {
        var words = Vector128.Narrow(ints.GetLower().AsInt32(), ints.GetUpper().AsInt32());
        var paired = Vector128.Shuffle(words, Vector128.Create(0, 2, 1, 3, 4, 6, 5, 7)).AsInt64();
        destination[0] = paired[0];
        destination[stride] = paired[1];
    }
}
