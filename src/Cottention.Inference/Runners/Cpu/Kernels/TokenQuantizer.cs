using System.Runtime.CompilerServices;
using Cottention.Inference.Model;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>Rounds activations to 8 bits, in groups of 32.</summary>
internal static unsafe class TokenQuantizer<TOps, TVec>
    where TVec : struct
    where TOps : struct, ISimd<TVec>
{
    private const float Largest = 127f;

    /// <summary>See <see cref="CpuKernelSet.Quantize"/>.</summary>
    /// <param name="values">[32 * groups.Count].</param>
    /// <param name="groups">Where they go.</param>
    /// <param name="words">Whether quads are words 0, 2, 1, 3 rather than bytes.</param>
    /// <param name="offset">The weights' offset.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Quantize(float* values, TokenGroups groups, bool words, int offset)
    {
        for (; groups.Count > 0; groups.Count--)
        {
            // NaN and infinity have no integer: they become a scale of NaN, so that nothing hides them.
            TVec magnitudes = default, poison = default;
            for (var i = 0; i < GroupQuantizer.GroupSize; i += TOps.Width)
            {
                var value = TOps.Load(values + i);
                magnitudes = TOps.MaxMagnitude(value, magnitudes);
                poison = TOps.MultiplyAdd(value, default, poison);
            }

            var largest = TOps.Max(magnitudes);
            var inverse = TOps.Broadcast(largest > 0f ? Largest / largest : 0f);
            TVec sums = default;
            for (var i = 0; i < GroupQuantizer.GroupSize; i += TOps.Width)
            {
                var integers = TOps.ToInts(TOps.Multiply(TOps.Load(values + i), inverse));
                sums = TOps.AddInts(sums, integers);
                if (words)
                    TOps.StoreWords(integers, (long*)groups.Quads + (i / 4 * groups.Width), groups.Width);
                else
                    TOps.StoreBytes(integers, (int*)groups.Quads + (i / 4 * groups.Width), groups.Width);
            }

            groups.Scales[0] = (largest / Largest) + TOps.Sum(poison);
            groups.Corrections[0] = -offset * TOps.SumInts(sums);
            values += GroupQuantizer.GroupSize;
            groups.Skip(1, GroupQuantizer.GroupSize * (words ? sizeof(short) : sizeof(sbyte)));
        }
    }
}
