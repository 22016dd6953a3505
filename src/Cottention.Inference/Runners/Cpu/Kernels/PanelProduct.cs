using System.Runtime.CompilerServices;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>A run of panels of a packed matrix times one tile of tokens: y = W x, or y += W x.</summary>
internal unsafe struct PanelProduct
{
    /// <summary>First byte of the matrix.</summary>
    public byte* Weights;

    /// <summary>Bytes of one panel.</summary>
    public long PanelBytes;

    /// <summary>Half the number of columns.</summary>
    public int ColumnPairs;

    /// <summary>Groups of 32 columns, the last perhaps in part; for quantised weights.</summary>
    public int GroupCount;

    /// <summary>The tile, [K, tile width] f32; for weights that are floats.</summary>
    public float* X;

    /// <summary>The tile's quads of integers, [K/4, tile width]; for quantised weights.</summary>
    public byte* Quads;

    /// <summary>The tile's scales, [K/32, tile width]; for quantised weights.</summary>
    public float* Scales;

    /// <summary>[K/32, tile width]: minus the weights' offset times the sum of the group's integers.</summary>
    public int* Corrections;

    /// <summary>Tokens side by side in the tile: 1, 2, 4 or 8.</summary>
    public int TileWidth;

    /// <summary>Tokens of the tile that are real; the others are computed and dropped.</summary>
    public int Tokens;

    /// <summary>[Tokens, <see cref="YStride"/>] f32, indexed by the matrix's row.</summary>
    public float* Y;

    /// <summary>Floats from one token's results to the next's.</summary>
    public long YStride;

    /// <summary>One value a row, padded to whole panels; null for none.</summary>
    public float* Bias;

    /// <summary>Whether the product is added to what <see cref="Y"/> holds.</summary>
    public bool Accumulate;

    /// <summary>First panel.</summary>
    public int FirstPanel;

    /// <summary>Number of panels.</summary>
    public int PanelCount;

    /// <summary>Adds bias and, if asked, what is there, and stores one token's results of one vector of rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store<TOps, TVec>(int token, int vector, TVec sum)
        where TVec : struct
        where TOps : struct, ISimd<TVec>
    {
        if (token >= Tokens)
            return;
        var row = vector * TOps.Width;
        var y = Y + (token * YStride) + row;
        if (Bias != null)
            sum = TOps.Add(sum, TOps.Load(Bias + row));
        if (Accumulate)
            sum = TOps.Add(TOps.Load(y), sum);
        TOps.Store(sum, y);
    }
}
