using System.Text;
using System.Text.Json;
using Cottention.Conformance;
using Cottention.Training.Evaluation;

namespace Cottention.Training.Tests.Evaluation;

public sealed class EvaluationRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cottention-eval-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Execute_DocumentsShorterThanTheWindow_SlidingEqualsStreaming()
    {
        var report = Execute(Write("One two three.\n<|endoftext|>\nFour, five.\n<|endoftext|>\n"), settings => settings);

        Assert.Equal(4, report.Perplexity.Count);
        foreach (var runner in report.Perplexity.GroupBy(entry => entry.Runner))
            Assert.Single(runner.Select(entry => (entry.TotalNats, entry.Measure)).Distinct());
    }

    [Fact]
    public void Execute_LongDocument_RunnersAgree()
    {
        var report = Execute(Write(LongText(6000)), settings => settings with { Window = 128, Stride = 40 });

        Assert.Equal(["streaming", "sliding"], report.Agreement.Select(entry => entry.What));
        foreach (var entry in report.Agreement)
        {
            Numerics.AssertClose([0.0], [entry.MeanDifference], 1e-6, "mean difference");
            Numerics.AssertClose([0.0], [entry.LargestDifference], 1e-4, "largest difference");
        }
        var (streaming, sliding) = (Of(report, PerplexityWay.Streaming), Of(report, PerplexityWay.Sliding));
        Assert.Equal(streaming.Measure, sliding.Measure);
        Assert.NotEqual(streaming.Nats, sliding.Nats);
        // Each window reads 127 tokens and counts 40.
        Assert.InRange((double)sliding.TokensRead / streaming.TokensRead, 3.0, 3.3);
    }

    [Fact]
    public void Execute_TextOfManyBytesACharacter_CountsBytesOfUtf8()
    {
        const string text = "Grüße, 世界! 😀";
        var report = Execute(Write(text), settings => settings);
        var entry = Of(report, PerplexityWay.Streaming);

        // All but the first token, which is one byte here.
        Assert.Equal(Encoding.UTF8.GetByteCount(text) - 1, entry.Measure.Bytes);
        Numerics.AssertClose([entry.TotalNats / Math.Log(2) / entry.Measure.Bytes], [entry.BitsPerByte!.Value], 1e-12, "bits a byte");
        Numerics.AssertClose([Math.Exp(entry.TotalNats / entry.Measure.Tokens)], [entry.Perplexity], 1e-9, "perplexity");
    }

    [Theory]
    [InlineData("one two  three", 3 + 1)]
    [InlineData("one two\nthree\n\nfour", 4 + 4)]
    [InlineData("one two\n<|endoftext|>\nthree\n<|endoftext|>\n", 3 + 2)]
    public void Execute_Words_AreThoseBetweenWhiteSpaceAndTheEndsOfLinesAndDocuments(string text, int words)
    {
        var report = Execute(Write(text), settings => settings with { Across = true });
        var entry = Of(report, PerplexityWay.Streaming);

        Assert.Equal(words, entry.Measure.Words);
        Numerics.AssertClose([1.0], [Math.Exp(entry.TotalNats / words) / entry.WordPerplexity!.Value], 1e-9, "word perplexity");
    }

    [Fact]
    public void Execute_Across_ForetellsTheFirstTokenOfAllDocumentsButOne()
    {
        var path = Write("One two.\n<|endoftext|>\nThree.\n<|endoftext|>\nFour five.\n");

        var alone = Of(Execute(path, settings => settings), PerplexityWay.Streaming);
        var across = Of(Execute(path, settings => settings with { Across = true }), PerplexityWay.Streaming);

        Assert.Equal((3, 1), (alone.Measure.Passages, across.Measure.Passages));
        Assert.Equal(alone.Measure.Tokens + 2, across.Measure.Tokens);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Execute_Limit_IsKept(bool across)
    {
        var path = Write(string.Concat(Enumerable.Range(0, 40).Select(i => $"{LongText(20 + i)}\n<|endoftext|>\n")));

        var entry = Of(Execute(path, settings => settings with { LimitTokens = 200, Across = across }), PerplexityWay.Streaming);

        Assert.InRange(entry.Measure.Tokens, across ? 200 : 100, 200);
    }

    [Fact]
    public void Execute_ReportAsJson_HasTheNamesThatReadersRelyOn()
    {
        using var json = JsonDocument.Parse(Execute(Write("One two three."), settings => settings).ToJson());

        var root = json.RootElement;
        Assert.Equal("cottention-eval-1", root.GetProperty("schema").GetString());
        Assert.Equal("both", root.GetProperty("settings").GetProperty("runner").GetString());
        AssertNames(root.GetProperty("models")[0], "name", "folder", "fingerprint", "tokenizerSha256", "parameters", "trainedPositions");
        AssertNames(root.GetProperty("texts")[0], "name", "path", "sha256", "model", "documents", "tokens");
        AssertNames(
            root.GetProperty("perplexity")[0],
            "model", "text", "way", "runner", "measure", "totalNats", "seconds", "tokensRead", "nats", "perplexity", "bitsPerByte", "wordPerplexity", "tokensPerSecond");
        AssertNames(root.GetProperty("agreement")[0], "model", "text", "what", "meanDifference", "largestDifference");
        Assert.Equal(64, root.GetProperty("texts")[0].GetProperty("sha256").GetString()!.Length);
    }

    [Fact]
    public void Execute_EmptyText_IsRefused() => Assert.Contains(
        "holds no document",
        Assert.Throws<InvalidDataException>(() => Execute(Write("\n\n"), settings => settings)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Execute_TextThatIsNoGzip_IsRefused()
    {
        var path = Write("One two three.");
        File.Move(path, path + ".gz");

        Assert.Throws<InvalidDataException>(() => Execute(path + ".gz", settings => settings));
    }

    [Fact]
    public void Execute_StrideThatLeavesNoContext_IsRefused()
    {
        var path = Write("One two three.");

        var fault = Assert.Throws<FormatException>(() => Execute(path, settings => settings with { Window = 16, Stride = 16 }));

        Assert.Equal("The stride is 16 and the window 16; allowed: a stride from 1 to the window less 1.", fault.Message);
    }

    [Fact]
    public void Execute_TwoModelsOfOneName_AreRefused()
    {
        var source = ModelSource.Parse(Fixtures.Path("tiny-model"));

        var fault = Assert.Throws<FormatException>(() => Execute(Write("One."), settings => settings with { Models = [source, source] }));

        Assert.Equal("2 models are called 'tiny-model'; tell them apart with --model NAME=FOLDER.", fault.Message);
    }

    private static PerplexityEntry Of(EvaluationReport report, PerplexityWay way) =>
        report.Perplexity.Single(entry => entry.Way == way && entry.Runner == "cpu");

    private static void AssertNames(JsonElement element, params string[] names) =>
        Assert.Equal(names.Order(), element.EnumerateObject().Select(property => property.Name).Order());

    private static string LongText(int characters) => string.Concat(
        Enumerable.Range(0, characters).Select(i => (char)((i * i / 3 + i) % 11 == 0 ? ' ' : 'a' + (i * i + i / 7) % 26)));

    private static EvaluationReport Execute(string path, Func<EvaluationSettings, EvaluationSettings> change) => new EvaluationRun(
        change(new EvaluationSettings { Models = [ModelSource.Parse(Fixtures.Path("tiny-model"))], Texts = [path], Threads = 1 }), TextWriter.Null).Execute();

    private string Write(string text)
    {
        var path = Path.Combine(_folder, "text.txt");
        File.WriteAllText(path, text);
        return path;
    }
}
