using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>4 lanes on any machine: NEON on Arm, SSE on x86, plain code where there is neither.</summary>
internal readonly unsafe partial struct Simd128 : ISimd<Vector128<float>>
{
    /// <inheritdoc/>
    public static int Width => 4;

    /// <inheritdoc/>
    public static bool IsSupported => true;

    /// <inheritdoc/>
    public static Vector128<float> Broadcast(float value) => Vector128.Create(value);

    /// <inheritdoc/>
    public static Vector128<float> Load(float* source) => Vector128.Load(source);

    /// <inheritdoc/>
    public static void Store(Vector128<float> value, float* destination) => value.Store(destination);

    /// <inheritdoc/>
    public static Vector128<float> LoadLowBf16(byte* pairs) => (Vector128.Load((uint*)pairs) << 16).AsSingle();

    /// <inheritdoc/>
    public static Vector128<float> LoadHighBf16(byte* pairs) => (Vector128.Load((uint*)pairs) & Vector128.Create(0xFFFF0000u)).AsSingle();

    /// <inheritdoc/>
    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;

    /// <inheritdoc/>
    public static Vector128<float> Subtract(Vector128<float> a, Vector128<float> b) => a - b;

    /// <inheritdoc/>
    public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => a * b;

    /// <inheritdoc/>
    public static Vector128<float> Divide(Vector128<float> a, Vector128<float> b) => a / b;

    /// <inheritdoc/>
    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c) =>
        Vector128.MultiplyAddEstimate(a, b, c);

    /// <inheritdoc/>
    public static Vector128<float> Exp(Vector128<float> x) => Vector128.Exp(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> SwapPairs(Vector128<float> x) =>
        Vector128.Shuffle(x, Vector128.Create(1, 0, 3, 2));

    /// <inheritdoc/>
    public static Vector128<float> FirstLanes(Vector128<float> x, int count) =>
        Vector128.ConditionalSelect(
            Vector128.LessThan(Vector128<int>.Indices, Vector128.Create(count)).AsSingle(), x, Vector128<float>.Zero);

    /// <inheritdoc/>
    public static float Sum(Vector128<float> x) => Vector128.Sum(x);
}
