namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>
/// The integer operations of the quantised products, on vectors whose bits are bytes, 16-bit words or 32-bit integers.
/// All are exact, so that every implementation gives the same sums.
/// </summary>
/// <typeparam name="TVec">Vector of 4, 8 or 16 lanes of 32 bits.</typeparam>
internal unsafe interface IIntegerSimd<TVec>
    where TVec : struct
{
    /// <summary>Whether <see cref="AddByteProducts"/> is there.</summary>
    static abstract bool HasByteProducts { get; }

    /// <summary>Bits from memory of any alignment.</summary>
    static abstract TVec LoadBits(byte* source);

    /// <summary>All lanes equal.</summary>
    static abstract TVec BroadcastInt(int value);

    /// <summary>Sums of 32-bit integers.</summary>
    static abstract TVec AddInts(TVec a, TVec b);

    /// <summary>Sums of 16-bit words.</summary>
    static abstract TVec AddWords(TVec a, TVec b);

    /// <summary>The low four bits of each byte.</summary>
    static abstract TVec LowNibbles(TVec bytes);

    /// <summary>The high four bits of each byte.</summary>
    static abstract TVec HighNibbles(TVec bytes);

    /// <summary>Bytes 0 and 2 of each lane as words.</summary>
    static abstract TVec EvenBytes(TVec bytes);

    /// <summary>Bytes 1 and 3 of each lane as words.</summary>
    static abstract TVec OddBytes(TVec bytes);

    /// <summary>Products of words, neighbours added: one 32-bit integer a lane.</summary>
    static abstract TVec MultiplyWordPairs(TVec a, TVec b);

    /// <summary>Products of unsigned and signed bytes, neighbours added: two words a lane. No sum may exceed a word.</summary>
    static abstract TVec MultiplyBytePairs(TVec unsigned, TVec signed);

    /// <summary>Sums plus, in each lane, the four products of its unsigned and signed bytes.</summary>
    static abstract TVec AddByteProducts(TVec sums, TVec unsigned, TVec signed);

    /// <summary>32-bit integers as floats.</summary>
    static abstract TVec ToFloats(TVec ints);

    /// <summary>Floats to the nearest 32-bit integers, ties to even.</summary>
    static abstract TVec ToInts(TVec floats);

    /// <summary>As many bfloat16 as there are lanes, widened.</summary>
    static abstract TVec LoadBf16(ushort* source);

    /// <summary>Larger of |a| and b; b is not negative.</summary>
    static abstract TVec MaxMagnitude(TVec a, TVec b);

    /// <summary>Largest lane.</summary>
    static abstract float Max(TVec x);

    /// <summary>Sum of 32-bit integers.</summary>
    static abstract int SumInts(TVec ints);

    /// <summary>Each four lanes narrowed to bytes, one 32-bit integer every <paramref name="stride"/>.</summary>
    static abstract void StoreBytes(TVec ints, int* destination, int stride);

    /// <summary>Each four lanes narrowed to words 0, 2, 1, 3, one 64-bit integer every <paramref name="stride"/>.</summary>
    static abstract void StoreWords(TVec ints, long* destination, int stride);
}
