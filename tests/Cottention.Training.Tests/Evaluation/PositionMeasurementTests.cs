using System.Text.Json;
using Cottention.Conformance;
using Cottention.Training.Evaluation;

namespace Cottention.Training.Tests.Evaluation;

public sealed class PositionMeasurementTests : IDisposable
{
    private readonly ToyText _toy = new();

    public void Dispose() => _toy.Dispose();

    [Fact]
    public void Run_SeveralStreams_BucketsAddUpToTheTotalAndRunnersAgree()
    {
        var report = Execute(new() { Models = [], Texts = [], Streams = 3, Positions = 300 });

        Assert.Equal(["cpu", "torch"], report.ByPosition.Select(entry => entry.Runner));
        foreach (var entry in report.ByPosition)
        {
            Assert.Equal([(1, 128, 3 * 128L), (129, 256, 3 * 128L), (257, 300, 3 * 44L)], entry.Buckets.Select(bucket => (bucket.First, bucket.Last, bucket.Tokens)));
            Numerics.AssertClose([entry.TotalNats], [entry.Buckets.Sum(bucket => bucket.TotalNats)], 1e-9, "total");
        }
        var agreement = Assert.Single(report.Agreement);
        Numerics.AssertClose([0.0, 0.0], [agreement.MeanDifference, agreement.LargestDifference], 1e-4, "difference");
    }

    [Fact]
    public void Run_OneStream_IsTheStreamingPerplexityAcrossDocuments()
    {
        var settings = new EvaluationSettings { Models = [], Texts = [], Runner = EvaluationRunner.Cpu, Streams = 1, Across = true };

        var byPosition = Assert.Single(Execute(settings).ByPosition);
        var streaming = Execute(settings with { ByPosition = false }, byPosition: false).Perplexity.Single(entry => entry.Way == PerplexityWay.Streaming);

        Assert.Equal(streaming.TotalNats, byPosition.TotalNats);
        Assert.Equal(streaming.Measure.Bytes, byPosition.Buckets.Sum(bucket => bucket.Bytes));
        Assert.Equal(streaming.Measure.Tokens, byPosition.Buckets.Sum(bucket => bucket.Tokens));
    }

    [Theory]
    [InlineData(1000, 2, 500)]
    [InlineData(400, 1, 400)]
    public void Run_Limit_TakesFewerStreamsThenShorterOnes(long limit, int streams, int longest)
    {
        var settings = new EvaluationSettings { Models = [], Texts = [], Runner = EvaluationRunner.Cpu, Streams = 8, Positions = 500, LimitTokens = limit };

        var entry = Assert.Single(Execute(settings).ByPosition);

        Assert.Equal((streams, longest), (entry.Streams, entry.Buckets[^1].Last));
    }

    [Fact]
    public void Run_TwoModels_AreTwoLinesOfOneDrawing()
    {
        var folder = Fixtures.Path("tiny-model");
        var report = Execute(
            new() { Models = [], Texts = [], Streams = 2, Positions = 200 },
            byPosition: true,
            new ModelSource("with state", folder),
            new ModelSource("without", folder));

        var panel = Assert.Single(EvaluationCharts.Of(report));

        Assert.Equal(["with state", "without"], panel.Lines.Select(line => line.Name));
        Assert.All(panel.Lines, line => Assert.Equal([128.0, 200.0], line.Points.Select(point => point.X)));
        using var output = new StringWriter();
        EvaluationTables.Write(report, output);
        Assert.Contains("| with state (cpu) | with state (torch) |", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("without (torch) |", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_ReportAsJson_HasTheNamesThatReadersRelyOn()
    {
        using var json = JsonDocument.Parse(Execute(new() { Models = [], Texts = [], Runner = EvaluationRunner.Cpu, Streams = 1, Positions = 10 }).ToJson());

        var entry = json.RootElement.GetProperty("byPosition")[0];
        Assert.Equal(
            ["model", "text", "runner", "streams", "totalNats", "seconds", "tokensRead", "buckets"],
            entry.EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            ["first", "last", "tokens", "totalNats", "bytes", "standardError", "nats", "perplexity", "bitsPerByte"],
            entry.GetProperty("buckets")[0].EnumerateObject().Select(property => property.Name));
    }

    private EvaluationReport Execute(EvaluationSettings settings, bool byPosition = true, params ModelSource[] models) => new EvaluationRun(
        settings with
        {
            Models = models.Length > 0 ? models : [ModelSource.Parse(Fixtures.Path("tiny-model"))],
            Texts = [_toy.TextPath],
            ByPosition = byPosition,
            Threads = 1,
        },
        TextWriter.Null).Execute();
}
