using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Cottention.Inference.Model;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>Writes 16 rows of weights as a panel; see <see cref="PackedMatrix"/> for the layouts.</summary>
/// <param name="format">F32, Bf16, Int8 or Int4.</param>
/// <param name="columns">K, padded.</param>
internal sealed unsafe class PanelPacker(WeightFormat format, int columns)
{
    private const int Rows = PackedMatrix.PanelRows;
    private const int Int4Offset = 8;
    private const int Int8Offset = 128;

    private readonly ushort[] _rounded = new ushort[format == WeightFormat.Bf16 ? columns : 0];
    private readonly sbyte[] _integers = new sbyte[format.IsQuantized() ? columns : 0];
    private readonly float[] _scales = new float[format.IsQuantized() ? GroupQuantizer.GroupCount(columns) : 0];

    /// <summary>Packs <paramref name="values"/>, [16, columns] f32. The destination is zero before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Pack(ReadOnlySpan<float> values, byte* panel)
    {
        for (var row = 0; row < Rows; row++)
        {
            var source = values.Slice(row * columns, columns);
            switch (format)
            {
                case WeightFormat.F32:
                    for (var k = 0; k < columns; k++)
                        ((float*)panel)[(k * Rows) + row] = source[k];
                    break;
                case WeightFormat.Bf16:
                    BFloat16Rounding.Round(source, _rounded);
                    var pairs = MemoryMarshal.Cast<ushort, uint>(_rounded);
                    for (var pair = 0; pair < pairs.Length; pair++)
                        ((uint*)panel)[(pair * Rows) + row] = pairs[pair];
                    break;
                case WeightFormat.Int8:
                    GroupQuantizer.ToInt8(source, _integers, _scales);
                    PackIntegers(panel, row);
                    break;
                default:
                    GroupQuantizer.ToInt4(source, _integers, _scales);
                    PackIntegers(panel, row);
                    break;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void PackIntegers(byte* panel, int row)
    {
        var groupBytes = (format == WeightFormat.Int8 ? 8 : 4) * PackedMatrix.QuadRowBytes;
        var blockBytes = PackedMatrix.BlockScaleBytes + (2 * groupBytes);
        for (var group = 0; group < _scales.Length; group++)
        {
            var block = panel + (group / 2 * blockBytes);
            ((ushort*)block)[(group % 2 * Rows) + row] = BFloat16Rounding.Round(_scales[group]);
            var weights = block + PackedMatrix.BlockScaleBytes + (group % 2 * groupBytes) + (row * 4);
            for (var k = 0; k < GroupQuantizer.GroupSize; k++)
            {
                var integer = _integers[(group * GroupQuantizer.GroupSize) + k];
                if (format == WeightFormat.Int8)
                    weights[(k / 4 * PackedMatrix.QuadRowBytes) + (k % 4)] = (byte)(integer + Int8Offset);
                else
                    weights[(k / 4 % 4 * PackedMatrix.QuadRowBytes) + (k % 4)] |= (byte)((integer + Int4Offset) << (k < 16 ? 0 : 4));
            }
        }
    }
}
