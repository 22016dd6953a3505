using System.Globalization;
using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;
using Cottention.Inference.Sampling;
using Cottention.Inference.Tokenization;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cottention.Benchmarks;

/// <summary>
/// One session of the tiny model, step by step, in a process that does nothing else: what the steps allocate, and how much
/// memory is resident early and late. Prints one line of numbers, which <c>MillionTokensTests</c> reads.
/// </summary>
internal static class LongDecode
{
    /// <summary>Prints "allocated resident-early resident-late heap-early heap-late position", all but the position in bytes.</summary>
    /// <param name="early">Tokens before the first look.</param>
    /// <param name="total">Tokens in all.</param>
    public static async Task<int> RunAsync(int early, int total)
    {
        var options = new EngineOptions { MaxRunning = 1, SessionSlots = 1, TokenBudget = 16, MaxOutputTokens = total, DraftTokens = 0 };
        using var checkpoint = Checkpoint.Open(Fixtures.Path("tiny-model"));
        var runner = new CpuModelRunner(checkpoint, new CpuRunnerOptions { SlotCount = options.TotalSlots, MaxRows = 1, MaxTokens = 16, Threads = 1 });
        var model = new LoadedModel("tiny", checkpoint.Config, TextTokenizer.Load(Fixtures.Path("tiny-model"), checkpoint.Config), checkpoint.Fingerprint);
        using var metrics = new EngineMetrics(model.Name);
        await using var engine = new InferenceEngine(model, runner, options, metrics, TimeProvider.System, NullLogger.Instance, start: false);
        var session = new Session(null, model.Config.VocabularySize) { Random = new RandomState(1) };
        var request = new GenerationRequest { MaxTokens = total, IgnoreEos = true, Stop = ["never this text"], Sampling = new SamplingParameters { TopK = 40, TopP = 0.95f, RepetitionPenalty = 1.1f } };
        var generation = new Generation(session, request, [299], model.Tokenizer, eventCapacity: 64, drained: null);
        engine.TrySubmit(generation);

        Decode(engine, generation, early);
        var (residentEarly, heapEarly) = Memory();
        var allocated = Decode(engine, generation, total);
        var (residentLate, heapLate) = Memory();

        FormattableString line = $"{allocated} {residentEarly} {residentLate} {heapEarly} {heapLate} {session.Position}";
        Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
        return 0;
    }

    // Steps and reads until so many tokens have been sampled; returns the bytes that the steps allocated.
    private static long Decode(InferenceEngine engine, Generation generation, int until)
    {
        var allocated = 0L;
        while (generation.OutputTokens < until)
        {
            var start = GC.GetAllocatedBytesForCurrentThread();
            engine.Step();
            // The end of a generation makes its outcome; decoding makes nothing.
            if (!generation.Completion.Task.IsCompleted)
                allocated += GC.GetAllocatedBytesForCurrentThread() - start;
            while (generation.Queue.TryRead(out _))
            {
            }
        }
        return allocated;
    }

    // The reader's strings are garbage of this program, not of the engine.
    private static (long Resident, long Heap) Memory()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        var pages = long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], CultureInfo.InvariantCulture);
        return (pages * Environment.SystemPageSize, GC.GetTotalMemory(forceFullCollection: true));
    }
}
