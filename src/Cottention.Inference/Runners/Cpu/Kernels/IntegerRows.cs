using System.Runtime.CompilerServices;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>Weights of a quad of columns, or sums of one token, for some vectors of rows side by side.</summary>
internal unsafe interface IIntegerRows<TSelf, TVec>
    where TSelf : struct, IIntegerRows<TSelf, TVec>
    where TVec : struct
{
    /// <summary>Vectors side by side.</summary>
    static abstract int Count { get; }

    /// <summary>Two quads of weights at a place of the streams.</summary>
    static abstract void Load<TOps, TWeights>(in IntegerStreams streams, int quad, out TSelf first, out TSelf second)
        where TOps : struct, ISimd<TVec>
        where TWeights : struct, IQuadWeights;

    /// <summary>A group's scales.</summary>
    static abstract TSelf LoadScales<TOps>(in IntegerStreams streams, int group)
        where TOps : struct, ISimd<TVec>;

    /// <summary>What is done to weights once, for all tokens.</summary>
    static abstract void Prepare<TOps, TDot>(in TSelf weights, out TSelf first, out TSelf second)
        where TOps : struct, ISimd<TVec>
        where TDot : struct, IQuadDot;

    /// <summary>These integer sums += prepared weights * a token's quad.</summary>
    void AddQuad<TOps, TDot>(in TSelf weights, in TSelf moreWeights, byte* quad)
        where TOps : struct, ISimd<TVec>
        where TDot : struct, IQuadDot;

    /// <summary>These float sums += (integer sums + correction) * weight scales * activation scale.</summary>
    void AddGroup<TOps, TDot>(in TSelf sums, in TSelf scales, float scale, int correction)
        where TOps : struct, ISimd<TVec>
        where TDot : struct, IQuadDot;

    /// <summary>Stores these float sums as one token's results from row vector <paramref name="vector"/> on.</summary>
    void Store<TOps>(in PanelProduct p, int token, int vector)
        where TOps : struct, ISimd<TVec>;
}

/// <summary>One vector.</summary>
internal unsafe struct IntegerRows1<TVec> : IIntegerRows<IntegerRows1<TVec>, TVec>
    where TVec : struct
{
    private TVec _a;

    /// <inheritdoc/>
    public static int Count => 1;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<TOps, TWeights>(in IntegerStreams streams, int quad, out IntegerRows1<TVec> first, out IntegerRows1<TVec> second)
        where TOps : struct, ISimd<TVec>
        where TWeights : struct, IQuadWeights => TWeights.Load<TOps, TVec>(streams.A, quad, out first._a, out second._a);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerRows1<TVec> LoadScales<TOps>(in IntegerStreams streams, int group)
        where TOps : struct, ISimd<TVec>
    {
        IntegerRows1<TVec> scales;
        scales._a = TOps.LoadBf16(streams.ScalesA + (group * PackedMatrix.PanelRows));
        return scales;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prepare<TOps, TDot>(in IntegerRows1<TVec> weights, out IntegerRows1<TVec> first, out IntegerRows1<TVec> second)
        where TOps : struct, ISimd<TVec>
        where TDot : struct, IQuadDot => TDot.Prepare<TOps, TVec>(weights._a, out first._a, out second._a);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddQuad<TOps, TDot>(in IntegerRows1<TVec> weights, in IntegerRows1<TVec> moreWeights, byte* quad)
        where TOps : struct, ISimd<TVec>
        where TDot : struct, IQuadDot
    {
        TDot.Broadcast<TOps, TVec>(quad, out var x, out var moreX);
        _a = TDot.Add<TOps, TVec>(_a, weights._a, moreWeights._a, x, moreX);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddGroup<TOps, TDot>(in IntegerRows1<TVec> sums, in IntegerRows1<TVec> scales, float scale, int correction)
        where TOps : struct, ISimd<TVec>
        where TDot : struct, IQuadDot
    {
        var (broadcast, start) = (TOps.Broadcast(scale), TOps.BroadcastInt(correction));
        _a = IntegerTiles.AddGroup<TOps, TVec, TDot>(_a, sums._a, scales._a, broadcast, start);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store<TOps>(in PanelProduct p, int token, int vector)
        where TOps : struct, ISimd<TVec> => p.Store<TOps, TVec>(token, vector, _a);
}

/// <summary>Two vectors.</summary>
internal unsafe struct IntegerRows2<TVec> : IIntegerRows<IntegerRows2<TVec>, TVec>
    where TVec : struct
{
    private TVec _a, _b;

    /// <inheritdoc/>
    public static int Count => 2;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Load<TOps, TWeights>(in IntegerStreams streams, int quad, out IntegerRows2<TVec> first, out IntegerRows2<TVec> second)
        where TOps : struct, ISimd<TVec>
        where TWeights : struct, IQuadWeights
    {
        TWeights.Load<TOps, TVec>(streams.A, quad, out first._a, out second._a);
        TWeights.Load<TOps, TVec>(streams.B, quad, out first._b, out second._b);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerRows2<TVec> LoadScales<TOps>(in IntegerStreams streams, int group)
        where TOps : struct, ISimd<TVec>
    {
        IntegerRows2<TVec> scales;
        scales._a = TOps.LoadBf16(streams.ScalesA + (group * PackedMatrix.PanelRows));
        scales._b = TOps.LoadBf16(streams.ScalesB + (group * PackedMatrix.PanelRows));
        return scales;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prepare<TOps, TDot>(in IntegerRows2<TVec> weights, out IntegerRows2<TVec> first, out IntegerRows2<TVec> second)
        where TOps : struct, ISimd<TVec>
        where TDot : struct, IQuadDot
    {
        TDot.Prepare<TOps, TVec>(weights._a, out first._a, out second._a);
        TDot.Prepare<TOps, TVec>(weights._b, out first._b, out second._b);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddQuad<TOps, TDot>(in IntegerRows2<TVec> weights, in IntegerRows2<TVec> moreWeights, byte* quad)
        where TOps : struct, ISimd<TVec>
        where TDot : struct, IQuadDot
    {
        TDot.Broadcast<TOps, TVec>(quad, out var x, out var moreX);
        _a = TDot.Add<TOps, TVec>(_a, weights._a, moreWeights._a, x, moreX);
        _b = TDot.Add<TOps, TVec>(_b, weights._b, moreWeights._b, x, moreX);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddGroup<TOps, TDot>(in IntegerRows2<TVec> sums, in IntegerRows2<TVec> scales, float scale, int correction)
        where TOps : struct, ISimd<TVec>
        where TDot : struct, IQuadDot
    {
        var (broadcast, start) = (TOps.Broadcast(scale), TOps.BroadcastInt(correction));
        _a = IntegerTiles.AddGroup<TOps, TVec, TDot>(_a, sums._a, scales._a, broadcast, start);
        _b = IntegerTiles.AddGroup<TOps, TVec, TDot>(_b, sums._b, scales._b, broadcast, start);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store<TOps>(in PanelProduct p, int token, int vector)
        where TOps : struct, ISimd<TVec>
    {
        p.Store<TOps, TVec>(token, vector, _a);
        p.Store<TOps, TVec>(token, vector + 1, _b);
    }
}
