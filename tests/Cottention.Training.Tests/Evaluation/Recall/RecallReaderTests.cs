using Cottention.Conformance;
using Cottention.Inference.Model;
using Cottention.Training.Evaluation.Recall;
using Cottention.Training.Text;

namespace Cottention.Training.Tests.Evaluation.Recall;

public sealed class RecallReaderTests
{
    private const int Vocabulary = 4096;
    private const int Memory = 100;
    private const ulong Seed = 3;

    private static readonly int[] Distances = [16, 32, 64, 128, 256];
    private static readonly string Folder = Path.Combine(Fixtures.RepositoryRoot, "deploy", "models", "cottention-stories");

    // Single bytes, of which the end of a query is none, then rarer tokens once each.
    private readonly int[] _filler = [.. Enumerable.Range(0, 900).Select(i => 1 + i * i % 10), .. Enumerable.Range(1000, 100)];

    public static TheoryData<string> Kinds => new(nameof(RecallKind.Sentence), nameof(RecallKind.Bigram));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Read_ModelThatRemembersSoFar_RecallsUpToThereAndNothingBeyond(string kind)
    {
        var task = Task(kind);
        using var stream = new InductionStream(Vocabulary, Memory);
        // Without the rare tokens: a key stands there only once.
        var reader = new RecallReader(stream, _filler[..900], Distances);

        var scores = Enumerable.Range(0, 20).Select(number => reader.Read(task.Trial(Seed, number), Seed, number, _ => { })).ToArray();

        foreach (var trial in scores)
            for (var i = 0; i < Distances.Length; i++)
            {
                var near = Distances[i] < Memory;
                Assert.Equal(near, trial[i].First);
                Numerics.AssertClose(near ? [InductionStream.Expected, InductionStream.Expected] : [0.0, 0.0], [trial[i].Gain, trial[i].Lift], 1e-6, "gain, lift");
            }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Read_AnyTrial_AsksAtExactlyTheDistance(string kind)
    {
        var trial = Task(kind).Trial(Seed, 1);
        using var stream = new InductionStream(Vocabulary, Memory);
        var read = 0L;

        new RecallReader(stream, _filler, Distances).Read(trial, Seed, 1, count => read += count);

        // First with the other candidate planted, then with the value.
        Assert.Equal(2 * Distances.Length, stream.Asked.Count);
        for (var i = 0; i < Distances.Length; i++)
        {
            var (other, value) = (stream.Asked[i], stream.Asked[Distances.Length + i]);
            Assert.Equal(trial.Value, value[^Distances[i]]);
            Assert.Equal(trial.Candidates[trial.Other], other[^Distances[i]]);
            Assert.Equal(trial.Query, value[^trial.Query.Length..]);
            // But for the value, both are the same.
            other[^Distances[i]] = trial.Value;
            Assert.Equal(value, other);
        }
        Assert.Equal(RecallReader.TokensOf(trial, Distances), read);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Trial_ManyNumbers_HaveDifferentCandidatesAndEveryValue(string kind)
    {
        var task = Task(kind);
        var trials = Enumerable.Range(0, 500).Select(number => task.Trial(Seed, number)).ToArray();

        Assert.Equal(RecallTask.MostCandidates, task.CandidateCount);
        Assert.All(trials, trial =>
        {
            Assert.Equal(task.CandidateCount, trial.Candidates.Distinct().Count());
            Assert.NotEqual(trial.Right, trial.Other);
            Assert.Contains(trial.Value, trial.Plant);
            Assert.DoesNotContain(trial.Query[^1], trial.Candidates);
        });
        Assert.Equal(task.CandidateCount, trials.Select(trial => trial.Right).Distinct().Count());
        Assert.Equal(trials[7].Plant, task.Trial(Seed, 7).Plant);
        Assert.NotEqual(trials.Select(trial => trial.Right), Enumerable.Range(0, 500).Select(number => task.Trial(Seed + 1, number).Right));
    }

    [Fact]
    public void Sentence_Plant_IsTheSentence()
    {
        var trial = Task(nameof(RecallKind.Sentence)).Trial(Seed, 0);

        Assert.Matches(@"^\nThe secret word of [A-Z][a-z]+ is [a-z]+\.\n$", Tokenizer().Decode(trial.Plant));
        Assert.Matches(@"^\nThe secret word of [A-Z][a-z]+ is$", Tokenizer().Decode(trial.Query));
        Assert.All(trial.Candidates, candidate => Assert.Matches("^ [a-z]+$", Tokenizer().Decode([candidate])));
    }

    [Fact]
    public void Bigram_Tokens_AreOfTheRarerHalf()
    {
        // 1 to 10 are frequent; of these only some may be in the rarer half, which begins with the tokens that stand there once.
        var trials = Enumerable.Range(0, 100).Select(number => Task(nameof(RecallKind.Bigram)).Trial(Seed, number));

        Assert.All(trials.SelectMany(trial => trial.Plant), token => Assert.InRange(token, 1000, 1099));
    }

    [Fact]
    public void Bigram_TextOfFewTokens_IsNoTask() => Assert.Null(BigramTask.Of([1, 2, 3, 4, 5, 6, 7, 8, 0, 0], endOfText: 0));

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Score_LogitsThatAreNotFinite_AreRefused(float bad)
    {
        var trial = new RecallTrial([1, 2], 0, [1], [2, 3], 0, 1);

        Assert.Throws<InvalidDataException>(() => RecallScore.Of([0, 0, 0, bad], trial, 0));
    }

    [Fact]
    public void Point_FourTrials_HasMeansAndStandardErrors()
    {
        RecallScore[] scores = [new(true, -1, 1, 0), new(false, -2, 2, 0), new(false, -3, 3, 4), new(false, -4, 6, 4)];

        var point = RecallPoint.Of(16, scores);

        Numerics.AssertClose(
            [0.25, Math.Sqrt(0.25 * 0.75 / 4), 3, Math.Sqrt(14.0 / 3 / 4), 2, Math.Sqrt(16.0 / 3 / 4), -2.5],
            [point.Accuracy, point.AccuracyError, point.Gain, point.GainError!.Value, point.Lift, point.LiftError!.Value, point.LogProbability],
            1e-12);
    }

    private static CorpusTokenizer Tokenizer()
    {
        using var checkpoint = Checkpoint.Open(Folder);
        return CorpusTokenizer.Load(Folder, checkpoint.Config);
    }

    private RecallTask Task(string kind)
    {
        var tokenizer = Tokenizer();
        var task = kind == nameof(RecallKind.Sentence) ? SentenceTask.Of(tokenizer) : BigramTask.Of(_filler, tokenizer.EndOfText);
        return Assert.IsType<RecallTask>(task);
    }
}
