using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>
/// The inputs of a matrix product, tokens interleaved in tiles of up to 8: tile t holds tokens 8 t and on as
/// <c>[K][width]</c>, width 8, or for the last tile the least of 1, 2, 4, 8 that holds its tokens.
/// </summary>
internal sealed unsafe class ActivationTiles : IDisposable
{
    /// <summary>Tokens of a full tile.</summary>
    public const int MaxWidth = 8;

    private readonly NativeBuffer _data;
    private readonly int _columns;
    private int _tokens;

    /// <summary>Room for <paramref name="maxTokens"/> tokens of <paramref name="columns"/> values, zeroed.</summary>
    public ActivationTiles(int maxTokens, int columns)
    {
        _columns = PackedMatrix.Padded(columns, 2);
        _data = NativeBuffer.OfFloats((long)PackedMatrix.Padded(maxTokens, MaxWidth) * _columns);
    }

    /// <summary>Tiles in use.</summary>
    public int TileCount { get; private set; }

    /// <summary>Sets the number of tokens; by one thread, before any <see cref="Pack"/>.</summary>
    public void SetTokens(int tokens)
    {
        _tokens = tokens;
        TileCount = PackedMatrix.Padded(tokens, MaxWidth) / MaxWidth;
    }

    /// <summary>Stores some columns of one token. Threads may pack different tokens or columns at once.</summary>
    public void Pack(int token, int firstColumn, float* values, int count)
    {
        var tile = token / MaxWidth;
        var width = WidthOf(tile);
        var destination = Tile(tile) + ((long)firstColumn * width) + (token % MaxWidth);
        if (width == 1)
            new ReadOnlySpan<float>(values, count).CopyTo(new Span<float>(destination, count));
        else
            for (var i = 0; i < count; i++)
                destination[(long)i * width] = values[i];
    }

    /// <summary>Writes one tile's place and size into a product.</summary>
    public void Describe(int tile, ref PanelProduct product)
    {
        product.X = Tile(tile);
        product.TileWidth = WidthOf(tile);
        product.Tokens = Math.Min(MaxWidth, _tokens - (tile * MaxWidth));
    }

    /// <inheritdoc/>
    public void Dispose() => _data.Dispose();

    private float* Tile(int tile) => _data.Floats + ((long)tile * MaxWidth * _columns);

    private int WidthOf(int tile) => (_tokens - (tile * MaxWidth)) switch
    {
        1 => 1,
        2 => 2,
        3 or 4 => 4,
        _ => MaxWidth,
    };
}
