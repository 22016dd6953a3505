namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>Where groups of 32 activations of one token go, among the other tokens of its tile.</summary>
internal unsafe struct TokenGroups
{
    /// <summary>The token's first quad; quads of one token are <see cref="Width"/> quads apart.</summary>
    public byte* Quads;

    /// <summary>The token's first scale; a group's largest magnitude is 127 of them.</summary>
    public float* Scales;

    /// <summary>The token's first correction; see <see cref="PanelProduct.Corrections"/>.</summary>
    public int* Corrections;

    /// <summary>Tokens side by side in the tile.</summary>
    public int Width;

    /// <summary>Groups.</summary>
    public int Count;

    /// <summary>On by some groups of <paramref name="groupBytes"/> each.</summary>
    public void Skip(int groups, int groupBytes)
    {
        Quads += (long)groups * groupBytes * Width;
        Scales += (long)groups * Width;
        Corrections += (long)groups * Width;
    }
}
