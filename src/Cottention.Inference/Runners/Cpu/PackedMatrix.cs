using System.Runtime.CompilerServices;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>
/// A weight matrix [N, K] in panels of 16 rows, each panel one stream in memory: F32 as <c>[K][16]</c>, BF16 as
/// <c>[K/2][16]</c> pairs, INT8 and INT4 in blocks of 64 columns: <c>[2][16]</c> bfloat16 scales, then for both groups of 32
/// columns quads <c>[8][16][4]</c>, two of them to a byte in INT4. One broadcast value of x meets 16 rows, so no product
/// needs a sum across lanes.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    /// <summary>Rows of a panel.</summary>
    public const int PanelRows = 16;

    /// <summary>Columns of a block of integers: two groups.</summary>
    public const int BlockColumns = 64;

    /// <summary>Bytes of the scales of a block.</summary>
    public const int BlockScaleBytes = 2 * PanelRows * sizeof(ushort);

    /// <summary>Bytes of four columns of a panel of 8-bit integers.</summary>
    public const int QuadRowBytes = PanelRows * 4;

    // Panels that one pass of tiles shares stay in the second-level cache.
    private const int CachedPanelBytes = 384 * 1024;

    private readonly NativeBuffer _data;

    // Those with real columns: a group of padding is never read.
    private readonly int _groupCount;

    /// <summary>Room for a matrix. Rows are padded to whole panels, columns as the format asks.</summary>
    public PackedMatrix(WeightFormat format, int rows, int columns)
    {
        Format = format;
        Rows = rows;
        Columns = Padded(columns, format.ColumnMultiple());
        _groupCount = GroupQuantizer.GroupCount(columns);
        PanelCount = Padded(rows, PanelRows) / PanelRows;
        PanelBytes = format.PanelBytes(Columns);
        _data = new NativeBuffer(PanelBytes * PanelCount);
    }

    /// <summary>Bytes of a matrix in memory.</summary>
    public static long BytesOf(WeightFormat format, int rows, int columns) =>
        format.PanelBytes(Padded(columns, format.ColumnMultiple())) * (Padded(rows, PanelRows) / PanelRows);

    /// <summary>F32, Bf16, Int8 or Int4.</summary>
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

    /// <summary>First byte of a panel.</summary>
    public byte* Panel(int panel) => _data.Data + (panel * PanelBytes);

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
            GroupCount = _groupCount,
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
