namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>
/// The vector operations that the kernels are written in, once for every width. Implementations are empty structs,
/// so that the JIT compiles one copy of each kernel per width with every call inlined.
/// </summary>
/// <typeparam name="TVec">Vector of float32, 4, 8 or 16 lanes.</typeparam>
internal unsafe interface ISimd<TVec> : IIntegerSimd<TVec>
    where TVec : struct
{
    /// <summary>Lanes of a vector.</summary>
    static abstract int Width { get; }

    /// <summary>Whether this machine has the instructions.</summary>
    static abstract bool IsSupported { get; }

    /// <summary>All lanes equal.</summary>
    static abstract TVec Broadcast(float value);

    /// <summary>Lanes from memory of any alignment.</summary>
    static abstract TVec Load(float* source);

    /// <summary>Lanes to memory of any alignment.</summary>
    static abstract void Store(TVec value, float* destination);

    /// <summary>The low bfloat16 of each 32-bit pair, widened.</summary>
    static abstract TVec LoadLowBf16(byte* pairs);

    /// <summary>The high bfloat16 of each 32-bit pair, widened.</summary>
    static abstract TVec LoadHighBf16(byte* pairs);

    /// <summary>a + b.</summary>
    static abstract TVec Add(TVec a, TVec b);

    /// <summary>a - b.</summary>
    static abstract TVec Subtract(TVec a, TVec b);

    /// <summary>a * b.</summary>
    static abstract TVec Multiply(TVec a, TVec b);

    /// <summary>a / b.</summary>
    static abstract TVec Divide(TVec a, TVec b);

    /// <summary>a * b + c, with one rounding wherever the machine has it.</summary>
    static abstract TVec MultiplyAdd(TVec a, TVec b, TVec c);

    /// <summary>e^x.</summary>
    static abstract TVec Exp(TVec x);

    /// <summary>Lanes 2i and 2i+1 exchanged.</summary>
    static abstract TVec SwapPairs(TVec x);

    /// <summary>The first <paramref name="count"/> lanes; the others 0.</summary>
    static abstract TVec FirstLanes(TVec x, int count);

    /// <summary>Sum of the lanes, always in the same order.</summary>
    static abstract float Sum(TVec x);
}
