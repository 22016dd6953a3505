using System.Text;
using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Sampling;

namespace Cottention.Inference.Tests.Engine;

/// <summary>After a stop string, a session holds every token whose text was delivered and none that lies inside the stop string.</summary>
public sealed class StopRollbackTests
{
    private static readonly int[] Prompt = [70, 71, 72];

    [Fact]
    public async Task Stop_AnywhereInTheText_SessionIsAsIfTheStopHadNeverBeen()
    {
        await using var test = new TestEngine();
        var free = await test.RunAsync(Request(null, []));
        var text = free.Text();
        var random = new Random(5);

        for (var trial = 0; trial < 12; trial++)
        {
            var stop = SubstringWithoutReplacement(text, random);
            var at = text.IndexOf(stop, StringComparison.Ordinal);
            var id = $"t{trial}";
            await test.Host.CreateAsync(id, 3, default);

            var events = await test.RunAsync(Request(id, [stop, "never matches this"]));

            Assert.Equal(text[..at], events.Text());
            Assert.Equal((FinishReason.Stop, stop), (events[^1].FinishReason!.Value, events[^1].MatchedStop));
            await AssertSessionHoldsExactly(test, id, events.Tokens());
        }
    }

    [Fact]
    public async Task Stop_PartlyMatchingAllTheTime_TextIsWholeAndMemoryFixed()
    {
        // Greedy on a prompt that leads into a loop keeps a matcher busy for ever: here every token is the same letter.
        await using var test = new TestEngine(options => options.MaxRunning = options.SessionSlots = 1);
        var bias = new Dictionary<int, float> { [64] = 100 };
        var request = new GenerationRequest
        {
            PromptTokens = Prompt,
            MaxTokens = 2500,
            IgnoreEos = true,
            Stop = [new string('a', 200) + "b"],
            Sampling = new SamplingParameters { Temperature = 0, LogitBias = bias },
        };

        var events = await test.RunAsync(request);

        Assert.Equal(new string('a', 2500), events.Text());
        Assert.Equal(2500, events.Tokens().Length);
    }

    [Fact]
    public async Task Stop_AfterALongHold_ReserveCatchesUpAndTheStateIsExact()
    {
        await using var test = new TestEngine(options => options.MaxRunning = options.SessionSlots = 1);
        await test.Host.CreateAsync("s", 3, default);
        var sampling = new SamplingParameters { Temperature = 0, LogitBias = new Dictionary<int, float> { [64] = 100 } };
        var hold = new GenerationRequest { SessionId = "s", PromptTokens = Prompt, MaxTokens = 1500, IgnoreEos = true, Stop = [new string('a', 200)], MinTokens = 1300, Sampling = sampling };

        var events = await test.RunAsync(hold);

        Assert.Equal(FinishReason.Stop, events[^1].FinishReason);
        Assert.Equal(new string('a', 1300), events.Text());
        await AssertSessionHoldsExactly(test, "s", events.Tokens());
    }

    [Fact]
    public async Task Stop_NotReached_HeldTextComesOutAtTheEnd()
    {
        await using var test = new TestEngine();
        var free = (await test.RunAsync(Request(null, []))).Text();

        var events = await test.RunAsync(Request(null, [free[^2..] + "and more"]));

        Assert.Equal(free, events.Text());
        Assert.Equal(FinishReason.Length, events[^1].FinishReason);
    }

    [Fact]
    public async Task Stop_ThenEmptyPrompt_GoesOnFromTheKeptText()
    {
        await using var test = new TestEngine();
        await test.Host.CreateAsync("s", 3, default);
        var free = await test.RunAsync(Request(null, []));
        var stop = free.Text()[6..9];
        await test.RunAsync(Request("s", [stop]));

        var again = await test.RunAsync(Request("s", []) with { PromptTokens = null, MaxTokens = 6 });

        // Greedy from the same state writes what it wrote before: the stop string.
        Assert.Contains(stop, again.Text(), StringComparison.Ordinal);
    }

    private static async Task AssertSessionHoldsExactly(TestEngine test, string id, int[] kept)
    {
        await test.Host.CreateAsync(id + "-plain", 3, default);
        int[] tokens = [.. Prompt, .. kept];
        var snapshot = (await test.Store.LoadAsync(id, default))!;
        var header = Cottention.Inference.Sessions.SessionSnapshot.Read(snapshot, id);
        Assert.Equal(tokens.Length, header.TokenCount);
        Assert.Equal(tokens.TakeLast(256), header.Window);
        // The plain session consumes as many tokens as the state has; the last may be pending.
        await test.RunAsync(new GenerationRequest { SessionId = id + "-plain", PromptTokens = tokens[..(int)header.Position], MaxTokens = 0 });
        var plain = (await test.Store.LoadAsync(id + "-plain", default))!;
        var plainHeader = Cottention.Inference.Sessions.SessionSnapshot.Read(plain, "plain");
        Numerics.AssertSameBits(
            Cottention.Inference.Sessions.SessionSnapshot.StateOf(plain, plainHeader),
            Cottention.Inference.Sessions.SessionSnapshot.StateOf(snapshot, header), "state");
        if (header.PendingToken >= 0)
            Assert.Equal(tokens[^1], header.PendingToken);
        else
            Numerics.AssertSameBits(
                Cottention.Inference.Sessions.SessionSnapshot.LogitsOf(plain, plainHeader),
                Cottention.Inference.Sessions.SessionSnapshot.LogitsOf(snapshot, header), "logits");
    }

    private static GenerationRequest Request(string? id, string[] stop) => new()
    {
        SessionId = id,
        PromptTokens = Prompt,
        MaxTokens = 40,
        IgnoreEos = true,
        Stop = stop,
        Sampling = new SamplingParameters { Temperature = 0, RepetitionPenalty = 1.4f },
    };

    private static string SubstringWithoutReplacement(string text, Random random)
    {
        while (true)
        {
            var start = random.Next(text.Length - 6);
            var stop = text.Substring(start, 1 + random.Next(5));
            if (!stop.Contains('\uFFFD', StringComparison.Ordinal) && Encoding.UTF8.GetByteCount(stop) > 0)
                return stop;
        }
    }
}
