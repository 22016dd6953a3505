using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <content>Integers: AVX-512 BW. .NET has no 512-bit byte products of four; machines that have them use 256 bits.</content>
internal readonly unsafe partial struct Simd512
{
    /// <inheritdoc/>
    public static bool HasByteProducts => false;

    /// <inheritdoc/>
    public static Vector512<float> LoadBits(byte* source) => Vector512.Load(source).AsSingle();

    /// <inheritdoc/>
    public static Vector512<float> BroadcastInt(int value) => Vector512.Create(value).AsSingle();

    /// <inheritdoc/>
    public static Vector512<float> AddInts(Vector512<float> a, Vector512<float> b) => (a.AsInt32() + b.AsInt32()).AsSingle();

    /// <inheritdoc/>
    public static Vector512<float> AddWords(Vector512<float> a, Vector512<float> b) => (a.AsInt16() + b.AsInt16()).AsSingle();

    /// <inheritdoc/>
    public static Vector512<float> LowNibbles(Vector512<float> bytes) => (bytes.AsUInt32() & Vector512.Create(0x0F0F0F0Fu)).AsSingle();

    /// <inheritdoc/>
    public static Vector512<float> HighNibbles(Vector512<float> bytes) => ((bytes.AsUInt32() >> 4) & Vector512.Create(0x0F0F0F0Fu)).AsSingle();

    /// <inheritdoc/>
    public static Vector512<float> EvenBytes(Vector512<float> bytes) => (bytes.AsUInt32() & Vector512.Create(0x00FF00FFu)).AsSingle();

    /// <inheritdoc/>
    public static Vector512<float> OddBytes(Vector512<float> bytes) => (bytes.AsUInt16() >> 8).AsSingle();

    /// <inheritdoc/>
    public static Vector512<float> MultiplyWordPairs(Vector512<float> a, Vector512<float> b) =>
        Avx512BW.MultiplyAddAdjacent(a.AsInt16(), b.AsInt16()).AsSingle();

    /// <inheritdoc/>
    public static Vector512<float> MultiplyBytePairs(Vector512<float> unsigned, Vector512<float> signed) =>
        Avx512BW.MultiplyAddAdjacent(unsigned.AsByte(), signed.AsSByte()).AsSingle();

    /// <inheritdoc/>
    public static Vector512<float> AddByteProducts(Vector512<float> sums, Vector512<float> unsigned, Vector512<float> signed) =>
        throw new PlatformNotSupportedException();

    /// <inheritdoc/>
    public static Vector512<float> ToFloats(Vector512<float> ints) => Avx512F.ConvertToVector512Single(ints.AsInt32());

    /// <inheritdoc/>
    public static Vector512<float> ToInts(Vector512<float> floats) => Avx512F.ConvertToVector512Int32(floats).AsSingle();

    /// <inheritdoc/>
    public static Vector512<float> LoadBf16(ushort* source) => (Avx512F.ConvertToVector512UInt32(Vector256.Load(source)) << 16).AsSingle();

    /// <inheritdoc/>
    public static Vector512<float> MaxMagnitude(Vector512<float> a, Vector512<float> b) => Vector512.MaxNative(Vector512.Abs(a), b);

    /// <inheritdoc/>
    public static float Max(Vector512<float> x) => Simd256.Max(Vector256.MaxNative(x.GetLower(), x.GetUpper()));

    /// <inheritdoc/>
    public static int SumInts(Vector512<float> ints) => Vector512.Sum(ints.AsInt32());

    /// <inheritdoc/>
    public static void StoreBytes(Vector512<float> ints, int* destination, int stride)
    {
        var bytes = Avx512F.ConvertToVector128SByte(ints.AsInt32()).AsInt32();
        destination[0] = bytes[0];
        destination[stride] = bytes[1];
        destination[2 * stride] = bytes[2];
        destination[3 * stride] = bytes[3];
    }

    /// <inheritdoc/>
    public static void StoreWords(Vector512<float> ints, long* destination, int stride)
    {
        Simd256.StoreWords(ints.GetLower(), destination, stride);
        Simd256.StoreWords(ints.GetUpper(), destination + (2 * stride), stride);
    }
}
