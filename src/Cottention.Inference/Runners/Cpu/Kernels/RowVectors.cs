using System.Runtime.CompilerServices;

namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>Weights of one column, or sums of one token, for some vectors of rows side by side.</summary>
internal unsafe interface IRowVectors<TSelf, TVec>
    where TSelf : struct, IRowVectors<TSelf, TVec>
    where TVec : struct
{
    /// <summary>Vectors side by side.</summary>
    static abstract int Count { get; }

    /// <summary>The next two columns of weights.</summary>
    static abstract void Read<TOps, TPairs>(ref RowStreams streams, out TSelf even, out TSelf odd)
        where TOps : struct, ISimd<TVec>
        where TPairs : struct, IWeightPairs;

    /// <summary>These sums += weights * x, one multiply-add each.</summary>
    void AddProduct<TOps>(in TSelf weights, float x)
        where TOps : struct, ISimd<TVec>;

    /// <summary>Stores these sums as one token's results from row vector <paramref name="vector"/> on.</summary>
    void Store<TOps>(in PanelProduct p, int token, int vector)
        where TOps : struct, ISimd<TVec>;
}

/// <summary>One vector.</summary>
internal unsafe struct Rows1<TVec> : IRowVectors<Rows1<TVec>, TVec>
    where TVec : struct
{
    private TVec _a;

    /// <inheritdoc/>
    public static int Count => 1;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<TOps, TPairs>(ref RowStreams streams, out Rows1<TVec> even, out Rows1<TVec> odd)
        where TOps : struct, ISimd<TVec>
        where TPairs : struct, IWeightPairs
    {
        RowStreams.Read<TOps, TVec, TPairs>(ref streams.A, out even._a, out odd._a);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddProduct<TOps>(in Rows1<TVec> weights, float x)
        where TOps : struct, ISimd<TVec>
    {
        var broadcast = TOps.Broadcast(x);
        _a = TOps.MultiplyAdd(weights._a, broadcast, _a);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store<TOps>(in PanelProduct p, int token, int vector)
        where TOps : struct, ISimd<TVec>
    {
        p.Store<TOps, TVec>(token, vector, _a);
    }
}

/// <summary>Two vectors.</summary>
internal unsafe struct Rows2<TVec> : IRowVectors<Rows2<TVec>, TVec>
    where TVec : struct
{
    private TVec _a, _b;

    /// <inheritdoc/>
    public static int Count => 2;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<TOps, TPairs>(ref RowStreams streams, out Rows2<TVec> even, out Rows2<TVec> odd)
        where TOps : struct, ISimd<TVec>
        where TPairs : struct, IWeightPairs
    {
        RowStreams.Read<TOps, TVec, TPairs>(ref streams.A, out even._a, out odd._a);
        RowStreams.Read<TOps, TVec, TPairs>(ref streams.B, out even._b, out odd._b);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddProduct<TOps>(in Rows2<TVec> weights, float x)
        where TOps : struct, ISimd<TVec>
    {
        var broadcast = TOps.Broadcast(x);
        _a = TOps.MultiplyAdd(weights._a, broadcast, _a);
        _b = TOps.MultiplyAdd(weights._b, broadcast, _b);
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

/// <summary>Three vectors.</summary>
internal unsafe struct Rows3<TVec> : IRowVectors<Rows3<TVec>, TVec>
    where TVec : struct
{
    private TVec _a, _b, _c;

    /// <inheritdoc/>
    public static int Count => 3;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<TOps, TPairs>(ref RowStreams streams, out Rows3<TVec> even, out Rows3<TVec> odd)
        where TOps : struct, ISimd<TVec>
        where TPairs : struct, IWeightPairs
    {
        RowStreams.Read<TOps, TVec, TPairs>(ref streams.A, out even._a, out odd._a);
        RowStreams.Read<TOps, TVec, TPairs>(ref streams.B, out even._b, out odd._b);
        RowStreams.Read<TOps, TVec, TPairs>(ref streams.C, out even._c, out odd._c);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddProduct<TOps>(in Rows3<TVec> weights, float x)
        where TOps : struct, ISimd<TVec>
    {
        var broadcast = TOps.Broadcast(x);
        _a = TOps.MultiplyAdd(weights._a, broadcast, _a);
        _b = TOps.MultiplyAdd(weights._b, broadcast, _b);
        _c = TOps.MultiplyAdd(weights._c, broadcast, _c);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store<TOps>(in PanelProduct p, int token, int vector)
        where TOps : struct, ISimd<TVec>
    {
        p.Store<TOps, TVec>(token, vector, _a);
        p.Store<TOps, TVec>(token, vector + 1, _b);
        p.Store<TOps, TVec>(token, vector + 2, _c);
    }
}

/// <summary>Four vectors.</summary>
internal unsafe struct Rows4<TVec> : IRowVectors<Rows4<TVec>, TVec>
    where TVec : struct
{
    private TVec _a, _b, _c, _d;

    /// <inheritdoc/>
    public static int Count => 4;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read<TOps, TPairs>(ref RowStreams streams, out Rows4<TVec> even, out Rows4<TVec> odd)
        where TOps : struct, ISimd<TVec>
        where TPairs : struct, IWeightPairs
    {
        RowStreams.Read<TOps, TVec, TPairs>(ref streams.A, out even._a, out odd._a);
        RowStreams.Read<TOps, TVec, TPairs>(ref streams.B, out even._b, out odd._b);
        RowStreams.Read<TOps, TVec, TPairs>(ref streams.C, out even._c, out odd._c);
        RowStreams.Read<TOps, TVec, TPairs>(ref streams.D, out even._d, out odd._d);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddProduct<TOps>(in Rows4<TVec> weights, float x)
        where TOps : struct, ISimd<TVec>
    {
        var broadcast = TOps.Broadcast(x);
        _a = TOps.MultiplyAdd(weights._a, broadcast, _a);
        _b = TOps.MultiplyAdd(weights._b, broadcast, _b);
        _c = TOps.MultiplyAdd(weights._c, broadcast, _c);
        _d = TOps.MultiplyAdd(weights._d, broadcast, _d);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly void Store<TOps>(in PanelProduct p, int token, int vector)
        where TOps : struct, ISimd<TVec>
    {
        p.Store<TOps, TVec>(token, vector, _a);
        p.Store<TOps, TVec>(token, vector + 1, _b);
        p.Store<TOps, TVec>(token, vector + 2, _c);
        p.Store<TOps, TVec>(token, vector + 3, _d);
    }
}
