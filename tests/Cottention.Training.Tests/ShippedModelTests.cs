using Cottention.Conformance;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;
using Cottention.Torch;
using Cottention.Training.Evaluation;
using Cottention.Training.Text;
using static TorchSharp.torch;

namespace Cottention.Training.Tests;

/// <summary>The model in deploy/models, as the server loads it.</summary>
public sealed class ShippedModelTests
{
    // Written for this test; in no corpus.
    private const string Story =
        "Once upon a time, there was a little boy named Tim. He had a red kite. One day, Tim went to the park with his mom. " +
        "The wind was strong, and the kite went up, up, up into the sky. Tim was very happy.";

    private static readonly string Folder = Path.Combine(Fixtures.RepositoryRoot, "deploy", "models", "cottention-stories");

    [Fact]
    public void CpuRunner_RealText_HasTheLogitsAndStateOfTheTorchModel()
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var model = ModelFolder.Load(Folder);
        int[] tokens = [.. Tokens(model.Config)];
        using var checkpoint = Checkpoint.Open(Folder);
        using var runner = new CpuModelRunner(checkpoint, new CpuRunnerOptions { SlotCount = 1, MaxRows = 1 });

        var session = new RunnerSession(runner, slot: 0);
        var fromCpu = session.FeedSingly(tokens);
        var (fromTorch, state) = model.Run(
            tensor(tokens.Select(token => (long)token).ToArray()).unsqueeze(0), model.ZeroState(1), AttentionForm.Recurrent);

        Numerics.AssertClose(fromTorch.flatten().to(ScalarType.Float64).data<double>().ToArray(), fromCpu, 1e-4, "logits");
        // Elements of the state are up to some tens.
        Numerics.AssertClose(state.ToArray(), session.State, 1e-3, "state");
    }

    [Fact]
    public void Evaluation_EnglishStory_RunnersAgreeAndAreFarBelowGuessing()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, Story);
            var report = new EvaluationRun(
                new EvaluationSettings { Models = [ModelSource.Parse(Folder)], Texts = [path] }, TextWriter.Null).Execute();

            Assert.Equal(4, report.Perplexity.Count);
            Assert.All(report.Perplexity, entry => Assert.InRange(entry.Nats, 0.5, 3));
            Assert.All(report.Agreement, entry => Numerics.AssertClose([0.0], [entry.MeanDifference], 1e-6, entry.What));
            Assert.All(report.Agreement, entry => Numerics.AssertClose([0.0], [entry.LargestDifference], 1e-4, entry.What));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Files_AreSmallEnoughForTheRepository() =>
        Assert.InRange(Directory.GetFiles(Folder).Sum(file => new FileInfo(file).Length), 1, 40_000_000);

    private static List<ushort> Tokens(ModelConfig config)
    {
        var tokens = new List<ushort>();
        CorpusTokenizer.Load(Folder, config).Encode(Story, tokens);
        return tokens;
    }
}
