namespace Cottention.Inference.Runners.Cpu;

/// <summary>The token embedding [N, D], row after row, in the format of the weights.</summary>
internal sealed unsafe class EmbeddingTable : IDisposable
{
    private readonly WeightFormat _format;
    private readonly int _width;
    private readonly NativeBuffer _data;

    /// <summary>A table of zeroes.</summary>
    public EmbeddingTable(WeightFormat format, int rows, int width)
    {
        _format = format;
        _width = width;
        _data = new NativeBuffer(BytesOf(format, rows, width));
    }

    /// <summary>Bytes of a table in memory.</summary>
    public static long BytesOf(WeightFormat format, int rows, int width) => (long)rows * width * (format == WeightFormat.F32 ? sizeof(float) : sizeof(ushort));

    /// <summary>Bytes in memory.</summary>
    public long Bytes => _data.Bytes;

    /// <summary>Stores a row. <paramref name="values"/> is [D].</summary>
    public void SetRow(int row, ReadOnlySpan<float> values)
    {
        if (_format == WeightFormat.F32)
            values.CopyTo(new Span<float>(_data.Floats + ((long)row * _width), _width));
        else
            BFloat16Rounding.Round(values, new Span<ushort>((ushort*)_data.Data + ((long)row * _width), _width));
    }

    /// <summary>Reads a token's row into <paramref name="x"/>, [D].</summary>
    public void Read(int token, float* x)
    {
        if (_format == WeightFormat.F32)
            new ReadOnlySpan<float>(_data.Floats + ((long)token * _width), _width).CopyTo(new Span<float>(x, _width));
        else
            for (var i = 0; i < _width; i++)
                x[i] = BFloat16Rounding.Widen(((ushort*)_data.Data)[((long)token * _width) + i]);
    }

    /// <inheritdoc/>
    public void Dispose() => _data.Dispose();
}
