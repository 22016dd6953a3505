using Cottention.PeerBenchmarks.Gguf;
using LLama;
using LLama.Common;
using LLama.Native;

namespace Cottention.PeerBenchmarks.Sides;

/// <summary>
/// llama.cpp through LLamaSharp, with the settings that were its fastest: flash attention, float16 keys and values, one
/// sequence a row. Each step of a model with attention starts at the same position again.
/// </summary>
internal sealed class LlamaSide : ISide
{
    private const int Microbatch = 512;
    private const int CellMultiple = 256;

    // A recurrent model has no depth: as much as makes its state no longer zero.
    private const int RecurrentPrompt = 128;

    private readonly LLamaWeights _weights;
    private readonly LLamaContext _context;
    private readonly LLamaBatch _batch = new();
    private readonly Work _work;
    private readonly Random _tokens = new(1);
    private int _position;

    /// <summary>Loads the model and brings every sequence to the work's position.</summary>
    public LlamaSide(string file, Work work, int threads)
    {
        _work = work;
        var cells = (work.Position + work.TokensPerRow + CellMultiple) / CellMultiple * CellMultiple;
        var parameters = new ModelParams(file)
        {
            ContextSize = (uint)(cells * work.Rows),
            SeqMax = (uint)work.Rows,
            Threads = threads,
            BatchThreads = threads,
            BatchSize = (uint)Math.Max(Microbatch, work.Rows),
            UBatchSize = Microbatch,
            FlashAttention = true,
            TypeK = GGMLType.GGML_TYPE_F16,
            TypeV = GGMLType.GGML_TYPE_F16,
            KVUnified = false,
        };
        _weights = LLamaWeights.LoadFromFile(parameters);
        try
        {
            _context = _weights.CreateContext(parameters);
            Fill();
        }
        catch
        {
            _context?.Dispose();
            _weights.Dispose();
            throw;
        }
    }

    /// <summary>Instruction sets that the native library was built for, in its own words.</summary>
    public static string NativeBuild => System.Runtime.InteropServices.Marshal.PtrToStringUTF8(NativeApi.llama_print_system_info()) ?? "unknown";

    /// <summary>Logits of the first row that wanted them, from the last step; valid until the next.</summary>
    public ReadOnlySpan<float> Logits => _context.NativeHandle.GetLogitsIth(_work.TokensPerRow - 1);

    /// <summary>Keeps llama.cpp's log to errors; called once, before anything else of it.</summary>
    public static void QuietLog() => NativeLibraryConfig.All.WithLogCallback((level, message) =>
    {
        if (level == LLamaLogLevel.Error)
            Console.Error.Write($"llama.cpp: {message}");
    });

    /// <inheritdoc/>
    public void Prepare()
    {
        if (_work.Layout == PeerLayout.Rwkv7)
            return;
        _position = _work.Position;
        for (var row = 0; row < _work.Rows; row++)
            _context.NativeHandle.MemorySequenceRemove((LLamaSeqId)row, _position, -1);
    }

    /// <inheritdoc/>
    public void Step()
    {
        _batch.Clear();
        for (var row = 0; row < _work.Rows; row++)
            Add(row, _position, _work.TokensPerRow);
        Decode();
        _position += _work.TokensPerRow;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _context.Dispose();
        _weights.Dispose();
    }

    // One sequence is brought to the position, the others are its copies.
    private void Fill()
    {
        _position = _work.Layout == PeerLayout.Rwkv7 ? RecurrentPrompt : _work.Position;
        var prompt = Math.Min(_position, Microbatch);
        if (prompt == 0)
            return;
        _batch.Clear();
        Add(0, 0, prompt);
        Decode();
        if (_position > prompt)
            TiledCache.Extend(_context.NativeHandle, prompt, _position);
        for (var row = 1; row < _work.Rows; row++)
            _context.NativeHandle.MemorySequenceCopy((LLamaSeqId)0, (LLamaSeqId)row, -1, -1);
    }

    // Only the last token of a row wants logits.
    private void Add(int row, int position, int count)
    {
        for (var i = 0; i < count; i++)
            _batch.Add((LLamaToken)_tokens.Next(_weights.Vocab.Count), position + i, (LLamaSeqId)row, i == count - 1);
    }

    private void Decode()
    {
        var result = _context.NativeHandle.Decode(_batch);
        if (result != DecodeResult.Ok)
            throw new InvalidOperationException($"llama.cpp answered {result} to a step of {_batch.TokenCount} tokens at position {_position}");
        _context.NativeHandle.Synchronize();
    }
}
