using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>
/// The inputs of a matrix product, tokens interleaved in tiles of up to 8: tile t holds tokens 8 t and on as
/// <c>[K][width]</c>, width 8, or for the last tile the least of 1, 2, 4, 8 that holds its tokens. For quantised weights
/// these are quads of integers, <c>[K/4][width]</c>, with scales and corrections <c>[K/32][width]</c>.
/// </summary>
internal sealed unsafe class ActivationTiles : IDisposable
{
    /// <summary>Tokens of a full tile.</summary>
    public const int MaxWidth = 8;

    private readonly CpuKernelSet _kernels;
    private readonly WeightFormat _format;
    private readonly int _realColumns;
    private readonly int _columns;
    private readonly int _groups;
    private readonly int _columnBytes;
    private readonly NativeBuffer _data;
    private readonly NativeBuffer _scales;
    private readonly NativeBuffer _corrections;
    private int _tokens;

    /// <summary>Room for <paramref name="maxTokens"/> tokens of <paramref name="columns"/> values, zeroed.</summary>
    public ActivationTiles(CpuKernelSet kernels, WeightFormat format, int maxTokens, int columns)
    {
        _kernels = kernels;
        _format = format;
        _realColumns = columns;
        _columns = PackedMatrix.Padded(columns, format.ColumnMultiple());
        _groups = format.IsQuantized() ? _columns / GroupQuantizer.GroupSize : 0;
        _columnBytes = format.IsQuantized() ? kernels.QuadBytes(format) / 4 : sizeof(float);
        var tokens = (long)PackedMatrix.Padded(maxTokens, MaxWidth);
        _data = new NativeBuffer(tokens * _columns * _columnBytes);
        _scales = new NativeBuffer(tokens * _groups * sizeof(float));
        _corrections = new NativeBuffer(tokens * _groups * sizeof(int));
    }

    /// <summary>Bytes of one token of so many values.</summary>
    public static long TokenBytes(CpuKernelSet kernels, WeightFormat format, int columns)
    {
        var padded = (long)PackedMatrix.Padded(columns, format.ColumnMultiple());
        return format.IsQuantized()
            ? (padded * kernels.QuadBytes(format) / 4) + (padded / GroupQuantizer.GroupSize * (sizeof(float) + sizeof(int)))
            : padded * sizeof(float);
    }

    /// <summary>Bytes in memory.</summary>
    public long Bytes => _data.Bytes + _scales.Bytes + _corrections.Bytes;

    /// <summary>Tiles in use.</summary>
    public int TileCount { get; private set; }

    /// <summary>Sets the number of tokens; by one thread, before any <see cref="Pack"/>.</summary>
    public void SetTokens(int tokens)
    {
        _tokens = tokens;
        TileCount = PackedMatrix.Padded(tokens, MaxWidth) / MaxWidth;
    }

    /// <summary>
    /// Stores some columns of one token. Threads may pack different tokens or columns at once; for quantised weights the
    /// first column is a multiple of 32, and only the matrix's last columns may be fewer than a multiple of 32.
    /// </summary>
    public void Pack(int token, int firstColumn, float* values, int count)
    {
        if (_format.IsQuantized())
            Quantize(token, firstColumn / GroupQuantizer.GroupSize, values, count);
        else
            Interleave(token, firstColumn, values, count);
    }

    /// <summary>Writes one tile's place and size into a product.</summary>
    public void Describe(int tile, ref PanelProduct product)
    {
        product.X = (float*)Tile(tile);
        product.Quads = Tile(tile);
        product.Scales = _scales.Floats + ((long)tile * MaxWidth * _groups);
        product.Corrections = (int*)_corrections.Data + ((long)tile * MaxWidth * _groups);
        product.TileWidth = WidthOf(tile);
        product.Tokens = Math.Min(MaxWidth, _tokens - (tile * MaxWidth));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _data.Dispose();
        _scales.Dispose();
        _corrections.Dispose();
    }

    private void Interleave(int token, int firstColumn, float* values, int count)
    {
        var tile = token / MaxWidth;
        var width = WidthOf(tile);
        var destination = (float*)Tile(tile) + ((long)firstColumn * width) + (token % MaxWidth);
        if (width == 1)
            new ReadOnlySpan<float>(values, count).CopyTo(new Span<float>(destination, count));
        else
            for (var i = 0; i < count; i++)
                destination[(long)i * width] = values[i];
        // A tile of another width may have left anything here, and 0 * NaN is NaN.
        if (firstColumn + count == _realColumns)
            for (var i = count; i < _columns - firstColumn; i++)
                destination[(long)i * width] = 0f;
    }

    private void Quantize(int token, int firstGroup, float* values, int count)
    {
        var tile = token / MaxWidth;
        var width = WidthOf(tile);
        var place = ((long)tile * MaxWidth * _groups) + ((long)firstGroup * width) + (token % MaxWidth);
        var groups = new TokenGroups
        {
            Quads = Tile(tile) + ((((long)firstGroup * GroupQuantizer.GroupSize / 4 * width) + (token % MaxWidth)) * _columnBytes * 4),
            Scales = _scales.Floats + place,
            Corrections = (int*)_corrections.Data + place,
            Width = width,
            Count = count / GroupQuantizer.GroupSize,
        };
        _kernels.Quantize(_format, values, groups);
        var rest = count % GroupQuantizer.GroupSize;
        if (rest == 0)
            return;
        // The group is filled up with 0.
        var last = stackalloc float[GroupQuantizer.GroupSize];
        new Span<float>(last, GroupQuantizer.GroupSize).Clear();
        new ReadOnlySpan<float>(values + (count - rest), rest).CopyTo(new Span<float>(last, rest));
        groups.Skip(groups.Count, _columnBytes * GroupQuantizer.GroupSize);
        groups.Count = 1;
        _kernels.Quantize(_format, last, groups);
    }

    private byte* Tile(int tile) => _data.Data + ((long)tile * MaxWidth * _columns * _columnBytes);

    private int WidthOf(int tile) => (_tokens - (tile * MaxWidth)) switch
    {
        1 => 1,
        2 => 2,
        3 or 4 => 4,
        _ => MaxWidth,
    };
}
