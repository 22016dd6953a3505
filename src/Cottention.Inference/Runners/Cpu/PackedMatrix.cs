using System.Runtime.CompilerServices;
using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>
/// A weight matrix [N, K] in panels of 16 rows, each panel one stream in memory: F32 as <c>[K][16]</c>, BF16 as
/// <c>[K/2][16]</c> pairs. One broadcast value of x meets 16 rows, so no product needs a sum across lanes.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    /// <summary>Rows of a panel.</summary>
    public const int PanelRows = 16;

    // Panels that one pass of tiles shares stay in the second-level cache.
    private const int CachedPanelBytes = 384 * 1024;

    private readonly NativeBuffer _data;

    /// <summary>A matrix of zeroes. Rows are padded to whole panels, columns to an even number.</summary>
    public PackedMatrix(WeightFormat format, int rows, int columns)
    {
        Format = format;
        Rows = rows;
        Columns = Padded(columns, 2);
        PanelCount = Padded(rows, PanelRows) / PanelRows;
        PanelBytes = (long)PanelRows * Columns * (format == WeightFormat.F32 ? sizeof(float) : sizeof(ushort));
        _data = new NativeBuffer(PanelBytes * PanelCount);
    }

    /// <summary>F32 or Bf16.</summary>
    public WeightFormat Format { get; }

    /// <summary>N: rows that are real.</summary>
    public int Rows { get; }

    /// <summary>K, padded.</summary>
    public int Columns { get; }

    /// <summary>Panels of 16 rows.</summary>
    public int PanelCount { get; }

    /// <summary>Bytes of one panel.</summary>
    public long PanelBytes { get; }

    /// <summary>Bytes in memory.</summary>
    public long Bytes => _data.Bytes;

    /// <summary>The next multiple.</summary>
    public static int Padded(int size, int multiple) => checked(size + multiple - 1) / multiple * multiple;

    /// <summary>Stores one panel. <paramref name="values"/> is [16, Columns] f32, padded with 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void SetPanel(int panel, ReadOnlySpan<float> values)
    {
        var destination = _data.Data + (panel * PanelBytes);
        for (var row = 0; row < PanelRows; row++)
        {
            var source = values.Slice(row * Columns, Columns);
            if (Format == WeightFormat.F32)
                for (var k = 0; k < Columns; k++)
                    ((float*)destination)[(k * PanelRows) + row] = source[k];
            else
                for (var k = 0; k < Columns; k++)
                    ((ushort*)destination)[(((k / 2 * PanelRows) + row) * 2) + (k % 2)] = BFloat16Rounding.Round(source[k]);
        }
    }

    /// <summary>
    /// y = W x + bias for the panels <paramref name="firstPanel"/> to <paramref name="endPanel"/> - 1 and all tokens of
    /// <paramref name="x"/>; or y += W x + bias.
    /// </summary>
    /// <param name="kernels">Instruction set.</param>
    /// <param name="x">[tokens, Columns].</param>
    /// <param name="y">[tokens, <paramref name="yStride"/>]; only real rows are written.</param>
    /// <param name="yStride">Floats from one token to the next, at least <see cref="Rows"/>.</param>
    /// <param name="bias">One value a row, padded to whole panels; null for none.</param>
    /// <param name="accumulate">Whether to add to y.</param>
    /// <param name="firstPanel">First panel.</param>
    /// <param name="endPanel">Panel after the last.</param>
    public void Multiply(
        CpuKernelSet kernels, ActivationTiles x, float* y, long yStride, float* bias, bool accumulate, int firstPanel, int endPanel)
    {
        var product = new PanelProduct
        {
            Weights = _data.Data,
            PanelBytes = PanelBytes,
            ColumnPairs = Columns / 2,
            Y = y,
            YStride = yStride,
            Bias = bias,
            Accumulate = accumulate,
        };
        var partialPanel = Rows % PanelRows == 0 ? PanelCount : PanelCount - 1;
        var block = x.TileCount == 1 ? PanelCount : Math.Max(3, (int)(CachedPanelBytes / PanelBytes) / 3 * 3);
        for (var panel = firstPanel; panel < Math.Min(endPanel, partialPanel); panel += product.PanelCount)
        {
            product.FirstPanel = panel;
            product.PanelCount = Math.Min(block, Math.Min(endPanel, partialPanel) - panel);
            for (var tile = 0; tile < x.TileCount; tile++)
            {
                x.Describe(tile, ref product);
                product.Y = y + (tile * ActivationTiles.MaxWidth * yStride);
                kernels.Multiply(Format, product);
            }
        }

        if (endPanel > partialPanel && firstPanel <= partialPanel)
            MultiplyPartialPanel(kernels, x, product, y, yStride, partialPanel);
    }

    // The last panel has rows that y has no place for: through a buffer of whole panels.
    [SkipLocalsInit]
    private void MultiplyPartialPanel(
        CpuKernelSet kernels, ActivationTiles x, PanelProduct product, float* y, long yStride, int panel)
    {
        var results = stackalloc float[ActivationTiles.MaxWidth * PanelRows];
        var firstRow = panel * PanelRows;
        product.FirstPanel = panel;
        product.PanelCount = 1;
        product.YStride = PanelRows;
        product.Y = results - firstRow;
        for (var tile = 0; tile < x.TileCount; tile++)
        {
            x.Describe(tile, ref product);
            var tileY = y + (tile * ActivationTiles.MaxWidth * yStride) + firstRow;
            for (var token = 0; token < product.Tokens; token++)
                for (var row = 0; row < Rows - firstRow; row++)
                    results[(token * PanelRows) + row] = tileY[(token * yStride) + row];
            kernels.Multiply(Format, product);
            for (var token = 0; token < product.Tokens; token++)
                for (var row = 0; row < Rows - firstRow; row++)
                    tileY[(token * yStride) + row] = results[(token * PanelRows) + row];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _data.Dispose();
}
