using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;
using Cottention.Inference.Sampling;
using Cottention.Inference.Tokenization;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cottention.Inference.Tests.Engine;

/// <summary>Nothing grows: one session, a million tokens. Alone in its process's time, since it looks at the process's memory.</summary>
[Collection(nameof(MillionTokensTests))]
[CollectionDefinition(nameof(MillionTokensTests), DisableParallelization = true)]
[Trait("Category", "Long")]
public sealed class MillionTokensTests
{
    private const int WarmUp = 10_000;
    private const int Total = 1_000_000;

    // A leak of 4 bytes a token would be 4 MiB. The test host's own memory moves by 1 to 2 MiB when other tests ran before;
    // alone, this process grows by 0.6 MiB, and its managed heap by 5 KiB.
    private const long MostResidentGrowth = 4 << 20;
    private const long MostHeapGrowth = 256 << 10;

    [Fact]
    public async Task Decode_AMillionTokens_AllocatesNothingAndResidentMemoryStays()
    {
        var options = new EngineOptions { MaxRunning = 1, SessionSlots = 1, TokenBudget = 16, MaxOutputTokens = Total };
        using var checkpoint = Checkpoint.Open(Fixtures.Path("tiny-model"));
        var runner = new CpuModelRunner(checkpoint, new CpuRunnerOptions { SlotCount = options.TotalSlots, MaxRows = 1, MaxTokens = 16, Threads = 1 });
        var model = new LoadedModel("tiny", checkpoint.Config, TextTokenizer.Load(Fixtures.Path("tiny-model"), checkpoint.Config), checkpoint.Fingerprint);
        using var metrics = new EngineMetrics(model.Name);
        await using var engine = new InferenceEngine(model, runner, options, metrics, TimeProvider.System, NullLogger.Instance, start: false);
        var session = new Session(null, model.Config.VocabularySize) { Random = new RandomState(1) };
        var request = new GenerationRequest { MaxTokens = Total, IgnoreEos = true, Stop = ["never this text"], Sampling = new SamplingParameters { TopK = 40, TopP = 0.95f, RepetitionPenalty = 1.1f } };
        var generation = new Generation(session, request, [299], model.Tokenizer, eventCapacity: 64, drained: null);
        Assert.True(engine.TrySubmit(generation));

        Decode(engine, generation, WarmUp);
        var before = ResidentBytes();
        var heapBefore = GC.GetTotalMemory(forceFullCollection: true);
        var allocated = 0L;
        // Collecting on the way keeps the reader's garbage, which is the test's, out of the figure.
        for (var until = 100_000; until <= Total; until += 100_000)
        {
            allocated += Decode(engine, generation, until);
            GC.Collect();
        }
        var after = ResidentBytes();
        var heapAfter = GC.GetTotalMemory(forceFullCollection: true);

        Assert.Equal(GenerationEnd.Finished, (await generation.Completion.Task).End);
        Assert.Equal(Total, session.Position);
        Assert.Equal(0, allocated);
        Assert.InRange(after - before, -long.MaxValue, MostResidentGrowth);
        Assert.InRange(heapAfter - heapBefore, -long.MaxValue, MostHeapGrowth);
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

    private static long ResidentBytes()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        GC.WaitForPendingFinalizers();
        return long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture) * Environment.SystemPageSize;
    }
}
