namespace Cottention.PeerBenchmarks.Gguf;

/// <summary>A tensor of a GGUF file; its values are made while it is written.</summary>
/// <param name="Name">As llama.cpp names it, for example <c>blk.0.attn_qkv.weight</c>.</param>
/// <param name="Type">Its type in the file.</param>
/// <param name="Shape">Dimensions, innermost first.</param>
internal sealed record GgufTensor(string Name, GgufType Type, params long[] Shape)
{
    private const float WeightRange = 0.035f;

    /// <summary>Number of values.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Bytes of the data, padding not included.</summary>
    public long Bytes => GgufBlocks.Bytes(Type, Count);

    // Gains of norms: small ones would starve the layers behind them.
    private bool IsGain => Name.EndsWith("norm.weight", StringComparison.Ordinal)
        || Name.EndsWith("norm_2.weight", StringComparison.Ordinal)
        || Name.EndsWith("ln.weight", StringComparison.Ordinal);

    /// <summary>A state of <see cref="Fill"/>'s generator that depends on the name only: each type rounds the same weights.</summary>
    public uint Seed()
    {
        var hash = 2166136261u;
        foreach (var letter in Name)
            hash = (hash ^ letter) * 16777619u;
        return hash | 1;
    }

    /// <summary>The next values: ones for the gains of norms, otherwise uniform about 0.</summary>
    /// <param name="state">Generator's state (xorshift, not 0), moved on.</param>
    /// <param name="values">Filled.</param>
    public void Fill(ref uint state, Span<float> values)
    {
        if (IsGain)
        {
            values.Fill(1);
            return;
        }

        var s = state;
        foreach (ref var value in values)
        {
            s ^= s << 13;
            s ^= s >> 17;
            s ^= s << 5;
            value = (int)s * (WeightRange / int.MaxValue);
        }

        state = s;
    }
}
