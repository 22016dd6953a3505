using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Cottention.Inference.Model;

namespace Cottention.Cli.Convert;

/// <summary>
/// Reads a pickle's opcodes without running them, and lets only those pass that a state dict is made of: dicts, lists,
/// tuples, numbers, text, and the few names of <see cref="TorchGlobals"/>. Counts and lengths are bounded here, so that
/// what the pickle library does afterwards is bounded too.
/// </summary>
internal static class PickleGate
{
    /// <summary>Longest pickle, bytes. One of 1000 layers has about 1 MB.</summary>
    public const int MaxBytes = 32 << 20;

    /// <summary>Most opcodes. One of 1000 layers has about 400,000; an opcode costs the library up to about 300 bytes.</summary>
    public const int MaxOpcodes = 500_000;

    private const int MaxGlobalLength = 200;
    private const byte Global = (byte)'c';
    private const byte Protocol = 0x80;
    private const byte Long1 = 0x8A;
    private const byte Unicode = (byte)'X';
    private const byte Stop = (byte)'.';

    /// <summary>Newest protocol whose opcodes are read; torch.save writes 2.</summary>
    private const byte MaxProtocol = 3;

    private const int Refused = -1;

    /// <summary>Bytes of argument behind each opcode that takes a fixed number of them; <see cref="Refused"/> for what is not allowed.</summary>
    private static readonly int[] ArgumentBytes = CreateArgumentBytes();

    /// <summary>Checks one pickle at the start of a span.</summary>
    /// <param name="file">The file, for messages.</param>
    /// <param name="bytes">The pickle, and perhaps more behind it.</param>
    /// <returns>Bytes of the pickle, its STOP included.</returns>
    /// <exception cref="Cottention.Inference.InferenceException">Something in it is not allowed; named.</exception>
    public static int Check(string file, ReadOnlySpan<byte> bytes)
    {
        var position = 0;
        for (var count = 1; ; count++)
        {
            var start = position;
            if (count > MaxOpcodes || position > MaxBytes)
                throw ModelFault.Of(file, null, $"its pickle has more than {MaxOpcodes} opcodes or {MaxBytes} bytes");
            if (position >= bytes.Length)
                throw ModelFault.Of(file, null, $"its pickle ends after {bytes.Length} bytes without a STOP");
            var opcode = bytes[position++];
            if (opcode == Stop)
                return position;
            position = opcode == Global ? SkipGlobal(file, bytes, position) : position + ArgumentLength(file, bytes[start..], start);
            if (position > bytes.Length)
                throw ModelFault.Of(file, null, $"its pickle ends inside the opcode at byte {start}");
        }
    }

    private static int ArgumentLength(string file, ReadOnlySpan<byte> opcode, int start)
    {
        var length = ArgumentBytes[opcode[0]];
        if (length == Refused)
            throw ModelFault.Of(file, null, string.Create(CultureInfo.InvariantCulture,
                $"its pickle has opcode 0x{opcode[0]:X2} at byte {start}, which no dict of tensors needs"));
        if (opcode.Length <= length)
            return length;
        if (opcode[0] == Protocol && opcode[1] > MaxProtocol)
            throw ModelFault.Of(file, null, $"its pickle has protocol {opcode[1]}; allowed: up to {MaxProtocol}");
        if (opcode[0] == Long1)
            return length + opcode[1];
        return opcode[0] == Unicode ? length + TextLength(file, opcode, start) : length;
    }

    private static int TextLength(string file, ReadOnlySpan<byte> opcode, int start)
    {
        const int head = 1 + sizeof(uint);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(opcode[1..]);
        if (length > opcode.Length - head)
            throw ModelFault.Of(file, null, $"its pickle ends inside a text of {length} bytes at byte {start}");
        if (!Utf8.IsValid(opcode.Slice(head, (int)length)))
            throw ModelFault.Of(file, null, $"its pickle has a text that is not valid UTF-8 at byte {start}");
        return (int)length;
    }

    /// <summary>A module and a name, a line each.</summary>
    private static int SkipGlobal(string file, ReadOnlySpan<byte> bytes, int position)
    {
        var window = bytes.Slice(position, Math.Min(MaxGlobalLength, bytes.Length - position));
        var first = window.IndexOf((byte)'\n');
        var second = first < 0 ? -1 : window[(first + 1)..].IndexOf((byte)'\n');
        if (second < 0)
            throw ModelFault.Of(file, null, $"its pickle has a class name of more than {MaxGlobalLength} bytes, or an unended one, at byte {position - 1}");
        var name = $"{Encoding.Latin1.GetString(window[..first])}.{Encoding.Latin1.GetString(window.Slice(first + 1, second))}";
        if (!TorchGlobals.IsAllowed(name))
            throw ModelFault.Of(file, null, $"its pickle asks for {name}; only tensors and dicts are read, nothing is run");
        return position + first + second + 2;
    }

    private static int[] CreateArgumentBytes()
    {
        var bytes = new int[256];
        Array.Fill(bytes, Refused);
        // MARK, dict, tuples, list, REDUCE, BINPERSID, SETITEM(S), APPEND(S), BUILD, None, True, False.
        foreach (var opcode in "(})]tRQsuaebN\u0085\u0086\u0087\u0088\u0089")
            bytes[opcode] = 0;
        // PROTO, BININT1, BINPUT, BINGET, and LONG1's length.
        foreach (var opcode in "\u0080Kqh\u008A")
            bytes[opcode] = 1;
        bytes['M'] = sizeof(ushort);
        // BININT, LONG_BINPUT, LONG_BINGET, and BINUNICODE's length.
        foreach (var opcode in "JrjX")
            bytes[opcode] = sizeof(int);
        bytes['G'] = sizeof(double);
        return bytes;
    }
}
