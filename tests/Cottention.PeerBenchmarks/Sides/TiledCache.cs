using System.Runtime.InteropServices;
using LLama.Native;

namespace Cottention.PeerBenchmarks.Sides;

/// <summary>
/// Brings a sequence of llama.cpp to a deep position without a prefill of hours: the keys and values of a short prompt are
/// repeated. What a step costs depends on their number, not on their values.
/// </summary>
/// <remarks>
/// The saved state of one sequence, as ggml 0.18.0 writes it (llama-kv-cache.cpp, state_write): 8 bytes before the cache; streams
/// u32 (one a sequence); the first stream: cells u32; a cell: position i32, sequences u32, sequence i32 each; transposed u32;
/// layers u32; for keys, then values, of every layer: type i32, bytes of a row u64, rows of all cells; then 0 (no cells) for
/// each further stream. Anything else is refused.
/// </remarks>
internal static unsafe class TiledCache
{
    private const int CellsOffset = 12;
    private const int CellHeaderBytes = 8;

    // Header and one sequence's number.
    private const int CellBytes = CellHeaderBytes + 4;
    private const int PartHeaderBytes = 12;

    private const int MostStreams = 4096;

    // What may follow the last part: the end marks of the format.
    private const int MostTrailingBytes = 64;

    /// <summary>Sequence 0 holds <paramref name="filled"/> tokens from position 0; afterwards <paramref name="wanted"/>.</summary>
    /// <exception cref="InvalidOperationException">The state is not laid out as this program expects.</exception>
    public static void Extend(SafeLLamaContextHandle context, int filled, int wanted)
    {
        var size = context.GetStateSize((LLamaSeqId)0);
        var source = (byte*)NativeMemory.Alloc(size);
        byte* target = null;
        try
        {
            if (context.GetState(source, size, (LLamaSeqId)0) != size)
                throw Unexpected($"fewer bytes than the {size} announced");
            var bytes = TargetBytes(source, (long)size, filled, wanted);
            target = (byte*)NativeMemory.Alloc((nuint)bytes);
            Tile(source, (long)size, target, filled, wanted);
            context.MemorySequenceRemove((LLamaSeqId)0, -1, -1);
            if (context.SetState(target, (nuint)bytes, (LLamaSeqId)0) == 0)
                throw Unexpected($"llama.cpp refused {bytes} bytes for {wanted} cells");
        }
        finally
        {
            NativeMemory.Free(source);
            NativeMemory.Free(target);
        }
    }

    // Walks the source once, checks it, and adds up what the longer one takes.
    private static long TargetBytes(byte* source, long size, int filled, int wanted)
    {
        var (streams, cells) = (Read(source + CellsOffset - 4), Read(source + CellsOffset));
        if (streams is < 1 or > MostStreams || cells != filled)
            throw Unexpected($"{streams} streams, the first of {cells} cells, expected at least 1 and {filled}");
        var offset = (long)CellsOffset + 4;
        for (var cell = 0; cell < filled; cell++, offset += CellBytes)
            if (Read(source + offset) != cell || Read(source + offset + 4) != 1)
                throw Unexpected($"cell {cell} holds position {Read(source + offset)} of {Read(source + offset + 4)} sequences");
        var (transposed, layers) = (Read(source + offset), Read(source + offset + 4));
        if (transposed != 0 || layers is < 1 or > 1000)
            throw Unexpected($"transposed {transposed}, {layers} layers");
        offset += CellHeaderBytes;
        var bytes = offset + ((long)CellBytes * (wanted - filled));
        for (var part = 0; part < 2 * layers; part++)
        {
            var row = RowBytes(source + offset, part, size - offset, filled);
            offset += PartHeaderBytes + (row * filled);
            bytes += PartHeaderBytes + (row * wanted);
        }

        // The other streams hold nothing of this sequence: each is a count of 0.
        for (var stream = 1; stream < streams; stream++, offset += 4, bytes += 4)
            if (size - offset < 4 || Read(source + offset) != 0)
                throw Unexpected($"stream {stream} is not empty");
        if (size - offset is < 0 or > MostTrailingBytes)
            throw Unexpected($"{size - offset} bytes after the last layer");
        return bytes + size - offset;
    }

    private static void Tile(byte* source, long size, byte* target, int filled, int wanted)
    {
        var end = source + size;
        Move(ref source, ref target, CellsOffset);
        *(int*)target = wanted;
        source += 4;
        target += 4;
        for (var cell = 0; cell < wanted; cell++, target += CellBytes)
        {
            Buffer.MemoryCopy(source, target, CellBytes, CellBytes);
            *(int*)target = cell;
        }

        source += (long)CellBytes * filled;
        var layers = Read(source + 4);
        Move(ref source, ref target, CellHeaderBytes);
        for (var part = 0; part < 2 * layers; part++)
        {
            var row = *(long*)(source + 4);
            Move(ref source, ref target, PartHeaderBytes);
            for (var cell = 0; cell < wanted; cell += filled)
            {
                var bytes = Math.Min(filled, wanted - cell) * row;
                Buffer.MemoryCopy(source, target, bytes, bytes);
                target += bytes;
            }

            source += row * filled;
        }

        Move(ref source, ref target, end - source);
    }

    private static long RowBytes(byte* part, int number, long left, int filled)
    {
        var row = left < PartHeaderBytes ? 0 : *(long*)(part + 4);
        return row is > 0 and < 1 << 20 && PartHeaderBytes + (row * filled) <= left ? row
            : throw Unexpected($"part {number} has rows of {row} bytes, {left} bytes are left");
    }

    private static void Move(ref byte* source, ref byte* target, long bytes)
    {
        Buffer.MemoryCopy(source, target, bytes, bytes);
        source += bytes;
        target += bytes;
    }

    private static int Read(byte* at) => *(int*)at;

    private static InvalidOperationException Unexpected(string what) =>
        new($"a sequence's saved state is not laid out as in llama.cpp of LLamaSharp 0.30.0: {what}");
}
