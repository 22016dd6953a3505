using System.Buffers.Binary;
using System.Text;

namespace Cottention.Cli.Tests.Convert;

/// <summary>Puts a pickle of protocol 2 together, opcode by opcode.</summary>
internal sealed class PickleBuilder
{
    private readonly List<byte> _bytes = [];

    public PickleBuilder() => Op(0x80, 2);

    public PickleBuilder Op(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    /// <summary>Opcodes without arguments, as characters.</summary>
    public PickleBuilder Ops(string opcodes) => Op(Encoding.Latin1.GetBytes(opcodes));

    public PickleBuilder Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        var length = new byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, utf8.Length);
        return Op((byte)'X').Op(length).Op(utf8);
    }

    public PickleBuilder Number(long number)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return Op(0x8A, 8).Op(bytes);
    }

    public PickleBuilder Numbers(params long[] numbers)
    {
        Ops("(");
        foreach (var number in numbers)
            Number(number);
        return Ops("t");
    }

    public PickleBuilder Global(string module, string name) => Ops($"c{module}\n{name}\n");

    /// <summary>An empty OrderedDict and the mark behind which its items follow.</summary>
    public PickleBuilder BeginDict() => Global("collections", "OrderedDict").Ops(")R(");

    /// <summary>Ends <see cref="BeginDict"/> and the pickle.</summary>
    public byte[] EndDict() => Ops("u").Stop();

    public PickleBuilder Storage(string type, string key, long count) =>
        Ops("(").Text("storage").Global("torch", type).Text(key).Text("cpu").Number(count).Ops("tQ");

    public PickleBuilder Tensor(string type, string key, long count, long offset, long[] shape, long[] strides) =>
        Global("torch._utils", "_rebuild_tensor_v2").Ops("(").Storage(type, key, count)
            .Number(offset).Numbers(shape).Numbers(strides).Ops("\u0089").Global("collections", "OrderedDict").Ops(")RtR");

    public byte[] Stop() => Ops(".").ToArray();

    public byte[] ToArray() => [.. _bytes];
}
