using System.Text.Json;
using Cottention.Conformance;
using Cottention.Training.Evaluation;
using Cottention.Training.Evaluation.Recall;

namespace Cottention.Training.Tests.Evaluation.Recall;

public sealed class RecallMeasurementTests : IDisposable
{
    private readonly ToyText _toy = new();

    public void Dispose() => _toy.Dispose();

    [Fact]
    public void Run_TinyModel_RecallsByBothRunnersAlike()
    {
        using var progress = new StringWriter();
        var report = Execute(progress, new() { Models = [], Texts = [], Trials = 3, Farthest = 64 });

        // Its vocabulary has none of the words as one token.
        Assert.Contains("no recall of a sentence: its vocabulary has too few of the words as one token.", progress.ToString(), StringComparison.Ordinal);
        Assert.Equal([(RecallKind.Bigram, "cpu"), (RecallKind.Bigram, "torch")], report.Recall.Select(entry => (entry.Kind, entry.Runner)));
        Assert.All(report.Recall, entry => Assert.Equal([16, 32, 64], entry.Points.Select(point => point.Distance)));
        Assert.All(report.Recall.SelectMany(entry => entry.Points), point => Assert.InRange(point.LogProbability, -30, 0));
        var agreement = Assert.Single(report.Agreement);
        Numerics.AssertClose([0.0], [agreement.LargestDifference], 1e-4, "difference");
    }

    [Fact]
    public void Run_Limit_TakesFewerTrials()
    {
        var entry = Assert.Single(Execute(
            TextWriter.Null, new() { Models = [], Texts = [], Runner = EvaluationRunner.Cpu, Farthest = 32, LimitTokens = 500 }).Recall);

        Assert.Equal(2, entry.Trials);
        Assert.InRange(entry.TokensRead, 1, 500);
    }

    [Fact]
    public void Run_TextShorterThanTheFarthest_StopsWhereItWouldBeReadTwice()
    {
        var entry = Assert.Single(Execute(TextWriter.Null, new() { Models = [], Texts = [], Runner = EvaluationRunner.Cpu, Trials = 1 }).Recall);

        Assert.InRange(entry.Points[^1].Distance, 512, 4096);
    }

    [Fact]
    public void Run_TextTooShort_SaysSo()
    {
        File.WriteAllText(_toy.TextPath, "A quick brown fox jumps over lazy dogs");
        using var progress = new StringWriter();

        Assert.Empty(Execute(progress, new() { Models = [], Texts = [] }).Recall);

        Assert.Contains("too few for any distance.", progress.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_ReportAsJsonTableAndChart_HasWhatReadersRelyOn()
    {
        var report = Execute(TextWriter.Null, new() { Models = [], Texts = [], Runner = EvaluationRunner.Cpu, Trials = 2, Farthest = 32 });
        using var json = JsonDocument.Parse(report.ToJson());
        using var table = new StringWriter();
        EvaluationTables.Write(report, table);

        var entry = json.RootElement.GetProperty("recall")[0];
        Assert.Equal(
            ["model", "text", "kind", "runner", "trials", "candidates", "seconds", "tokensRead", "points", "chanceLevel"],
            entry.EnumerateObject().Select(property => property.Name));
        Assert.Equal(
            ["distance", "accuracy", "accuracyError", "gain", "gainError", "lift", "liftError", "logProbability"],
            entry.GetProperty("points")[0].EnumerateObject().Select(property => property.Name));
        Assert.Contains("toy: recall of a planted bigram by distance; accuracy of guessing:", table.ToString(), StringComparison.Ordinal);
        Assert.Equal(2, EvaluationCharts.Of(report).Count);
    }

    private EvaluationReport Execute(TextWriter progress, EvaluationSettings settings) => new EvaluationRun(
        settings with { Models = [ModelSource.Parse(Fixtures.Path("tiny-model"))], Texts = [_toy.TextPath], Recall = true, Threads = 1 },
        progress).Execute();
}
