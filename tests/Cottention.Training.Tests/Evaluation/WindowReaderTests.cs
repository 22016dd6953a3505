using Cottention.Conformance;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;
using Cottention.Torch;
using Cottention.Training.Evaluation;
using static TorchSharp.torch;

namespace Cottention.Training.Tests.Evaluation;

public sealed class WindowReaderTests
{
    private static readonly string Folder = Fixtures.Path("tiny-model");

    private readonly int[] _tokens = [.. Enumerable.Range(0, 120).Select(i => (i * i + 7 * i + 3) % 300)];

    public static TheoryData<string, int> Streams => new() { { "cpu", 256 }, { "cpu", 7 }, { "torch", 256 }, { "torch", 7 } };

    [Theory]
    [MemberData(nameof(Streams))]
    public void Read_WholePassage_HasTheLossesOfAPlainComputation(string runner, int tokensPerCall)
    {
        using var stream = Open(runner, tokensPerCall);
        var window = Window.Whole(5, 100);
        var losses = new double[window.Counted];

        new WindowReader(stream).Read(_tokens, window, losses, _ => { });

        Numerics.AssertClose(PlainLosses(5, 105), losses, 1e-4, "losses");
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public void Read_WindowOfWhichSomeCount_HasTheLastLossesFromItsOwnStart(string runner, int tokensPerCall)
    {
        using var stream = Open(runner, tokensPerCall);
        var window = new Window(Start: 20, Length: 40, Counted: 9);
        var (losses, read) = (new double[9], 0);

        // Whatever was read before must not matter.
        stream.Read(_tokens.AsSpan(0, 3), []);
        new WindowReader(stream).Read(_tokens, window, losses, count => read += count);

        Numerics.AssertClose(PlainLosses(20, 60).AsSpan(^9..), losses, 1e-4, "losses");
        Assert.Equal(39, read);
    }

    [Theory]
    [InlineData("cpu")]
    [InlineData("torch")]
    public void Return_AfterMoreTokens_GoesOnFromTheMark(string runner)
    {
        using var stream = Open(runner, 64);
        var (expected, actual) = (new float[stream.VocabularySize], new float[stream.VocabularySize]);
        stream.Read(_tokens.AsSpan(0, 30), []);
        stream.Mark();
        stream.Read(_tokens.AsSpan(30, 5), expected);

        // Twice: a mark stays.
        for (var i = 0; i < 2; i++)
        {
            stream.Read(_tokens.AsSpan(50, 10), []);
            stream.Return();
        }
        stream.Read(_tokens.AsSpan(30, 5), actual);

        Numerics.AssertSameBits(expected, actual, "logits");
    }

    [Fact]
    public void Read_LogitsThatAreNotFinite_SaysWhichToken()
    {
        using var stream = new NaNStream();

        var fault = Assert.Throws<InvalidDataException>(
            () => new WindowReader(stream).Read([1, 2, 1, 2], Window.Whole(0, 4), new double[3], _ => { }));

        Assert.Equal("broken: the loss of token 1 of the text is NaN, not a finite number.", fault.Message);
    }

    private static ITokenStream Open(string runner, int tokensPerCall)
    {
        using var checkpoint = Checkpoint.Open(Folder);
        return runner == "cpu"
            ? new CpuTokenStream(checkpoint, WeightFormat.Auto, threads: 1, tokensPerCall)
            : new TorchTokenStream(ModelFolder.Load(Folder), tokensPerCall);
    }

    private double[] PlainLosses(int start, int end)
    {
        using var model = ModelFolder.Load(Folder, ScalarType.Float64);
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var losses = new List<double>();
        var state = model.ZeroState(1);
        for (var i = start; i < end - 1; i++)
        {
            (var logits, state) = model.Run(tensor((long)_tokens[i]).reshape(1, 1), state, AttentionForm.Recurrent);
            var row = logits.data<double>().ToArray();
            losses.Add(Math.Log(row.Sum(Math.Exp)) - row[_tokens[i + 1]]);
        }
        return [.. losses];
    }

    private sealed class NaNStream : ITokenStream
    {
        public string Runner => "broken";

        public int VocabularySize => 3;

        public int MaxTokens => 8;

        public void Reset()
        {
        }

        public void Read(ReadOnlySpan<int> tokens, Span<float> logits) => logits.Fill(float.NaN);

        public void Mark() => throw new NotSupportedException();

        public void Return() => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }
}
