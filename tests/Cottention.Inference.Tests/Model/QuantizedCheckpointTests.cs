using Cottention.Inference.Model;

namespace Cottention.Inference.Tests.Model;

public sealed class QuantizedCheckpointTests : IDisposable
{
    private const string Matrix = "transformer.h.0.attn.q_proj.weight";
    private const string Scales = Matrix + ".scales";

    private readonly CheckpointFolder _folder = new();
    private readonly int _size;

    public QuantizedCheckpointTests() => _size = (int)_folder.Tensors[Matrix].Shape[0];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_Int8AndInt4_ReadsIntegersTimesScales()
    {
        Int8(integer: 5, scale: 0x3F00);
        Assert.All(ReadFirstRow(), value => Assert.Equal(2.5f, value));

        // Columns 0 and 1: 0xC - 8 and 0x3 - 8.
        Int4(0x3C, scale: 0x4000);
        var row = ReadFirstRow();
        Assert.Equal([8f, -10f], row.Take(2));
    }

    [Fact]
    public void BytesOf_AllTensors_AddUpToTheWeights()
    {
        Int4(0x3C, scale: 0x4000);

        using var checkpoint = Checkpoint.Open(_folder.Path);

        Assert.Equal((_size * _size / 2) + (_size * 2 * GroupQuantizer.GroupCount(_size)), checkpoint.BytesOf(Matrix));
        Assert.Equal(checkpoint.WeightBytes, checkpoint.TensorNames.Sum(checkpoint.BytesOf));
    }

    [Fact]
    public void Fingerprint_OtherScales_Differs()
    {
        string Print()
        {
            using var checkpoint = Checkpoint.Open(_folder.Path);
            return checkpoint.Fingerprint;
        }

        Int8(integer: 5, scale: 0x3F00);
        var first = Print();
        Int8(integer: 5, scale: 0x3F80);

        Assert.NotEqual(first, Print());
    }

    [Fact]
    public void Open_ScalesMissing_Refuses()
    {
        Int8(integer: 1, scale: 0x3F80);
        _folder.Tensors.Remove(Scales);
        Refuses("is missing; transformer.h.0.attn.q_proj.weight is stored as I8");
    }

    [Fact]
    public void Open_ScalesOfOtherShape_Refuses()
    {
        Int8(integer: 1, scale: 0x3F80);
        _folder.Change(Scales, SafetensorsDtype.BF16, [_size, 1000], new byte[_size * 2000]);
        Refuses("has shape");
    }

    [Fact]
    public void Open_ScalesOfOtherType_Refuses()
    {
        Int8(integer: 1, scale: 0x3F80);
        var groups = _folder.Tensors[Scales].Shape[1];
        _folder.Change(Scales, SafetensorsDtype.F32, [_size, groups], new byte[_size * groups * 4]);
        Refuses("has dtype F32; allowed: BF16");
    }

    [Fact]
    public void Open_Int4OfFullWidth_Refuses()
    {
        Int4(0x11, scale: 0x3F80);
        _folder.Change(Matrix, SafetensorsDtype.U8, [_size, _size], new byte[_size * _size]);
        Refuses("has shape");
    }

    [Fact]
    public void Open_ScalesWithoutIntegers_Refuses()
    {
        _folder.Change(Scales, SafetensorsDtype.BF16, [_size, 1], new byte[_size * 2]);
        Refuses("is not of this model");
    }

    [Fact]
    public void Open_EmbeddingAsIntegers_Refuses()
    {
        var shape = _folder.Tensors[ModelTensors.Embedding].Shape;
        _folder.Change(ModelTensors.Embedding, SafetensorsDtype.I8, [.. shape], new byte[shape[0] * shape[1]]);
        Refuses("has dtype I8; allowed: F32, F16, BF16");
    }

    [Fact]
    public void ReadRows_ScaleIsInfinite_Refuses()
    {
        Int8(integer: 1, scale: 0x7F80);

        var error = Assert.Throws<InferenceException>(ReadFirstRow);

        Assert.Equal(InferenceError.InvalidModel, error.Error);
        Assert.Contains(Scales, error.Message, StringComparison.Ordinal);
    }

    private void Int8(sbyte integer, ushort scale)
    {
        _folder.Change(Matrix, SafetensorsDtype.I8, [_size, _size], [.. Enumerable.Repeat((byte)integer, _size * _size)]);
        SaveScales(scale);
    }

    private void Int4(byte pair, ushort scale)
    {
        _folder.Change(Matrix, SafetensorsDtype.U8, [_size, (_size + 1) / 2], [.. Enumerable.Repeat(pair, _size * ((_size + 1) / 2))]);
        SaveScales(scale);
    }

    private void SaveScales(ushort scale)
    {
        var groups = GroupQuantizer.GroupCount(_size);
        _folder.Change(Scales, SafetensorsDtype.BF16, [_size, groups], [.. Enumerable.Repeat(BitConverter.GetBytes(scale), _size * groups).SelectMany(b => b)]);
        _folder.Save();
    }

    private float[] ReadFirstRow()
    {
        using var checkpoint = Checkpoint.Open(_folder.Path);
        var row = new float[_size];
        checkpoint.ReadRows(Matrix, 0, 1, row);
        return row;
    }

    private void Refuses(string reason)
    {
        _folder.Save();

        var error = Assert.Throws<InferenceException>(() => Checkpoint.Open(_folder.Path));

        Assert.Equal(InferenceError.InvalidModel, error.Error);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }
}
