using Cottention.Conformance;
using Cottention.Inference.Model;
using Cottention.Torch;
using Cottention.Training.Data;
using Cottention.Training.Evaluation;
using Cottention.Training.Text;
using static TorchSharp.torch;

namespace Cottention.Training.Tests.Evaluation;

public sealed class DocumentLossTests : IDisposable
{
    private readonly ToyText _toy = new();
    private readonly CorpusTokenizer _tokenizer;
    private readonly DocumentSet _set;

    public DocumentLossTests()
    {
        _tokenizer = _toy.LearnTokenizer();
        _set = DocumentSet.Tokenize(_toy.Source, _tokenizer);
    }

    public void Dispose() => _toy.Dispose();

    [Fact]
    public void Measure_ModelThatKnowsNothing_IsTheLogarithmOfTheVocabulary()
    {
        using var model = Model();

        var loss = DocumentLoss.Measure(model, _set, _tokenizer, before: 0, documents: 10, limit: 1000);

        Assert.Equal(10, loss.Documents);
        Numerics.AssertClose([Math.Log(_tokenizer.Size)], [loss.Nats], 1e-5, "nats");
    }

    [Fact]
    public void Measure_BitsPerByte_IsTheSameLossOverBytes()
    {
        using var model = Model();
        var document = _set[0].ToArray();

        var loss = DocumentLoss.Measure(model, _set, _tokenizer, before: 0, documents: 1, limit: 1000);

        var bytes = document[1..].Sum(token => _tokenizer.ByteCount(token));
        Assert.Equal(document.Length - 1, loss.Tokens);
        Numerics.AssertClose([Math.Log2(_tokenizer.Size) * loss.Tokens / bytes], [loss.BitsPerByte], 1e-5, "bits a byte");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(300)]
    public void Measure_AnyTextBefore_CountsTheSameTokens(int before)
    {
        using var model = Model();
        model.Initialize(-1, 1, new Generator(3));

        var loss = DocumentLoss.Measure(model, _set, _tokenizer, before, documents: 40, limit: 20);

        Assert.Equal(40 * 19, loss.Tokens);
        Assert.InRange(loss.Nats, 0.5 * Math.Log(_tokenizer.Size), 2 * Math.Log(_tokenizer.Size));
    }

    private CottentionModel Model() => new(new ModelConfig
    {
        EmbeddingSize = 16,
        HeadCount = 2,
        LayerCount = 1,
        InnerSize = 16,
        VocabularySize = _tokenizer.Size,
        RotaryDim = 8,
        TrainedPositions = 64,
    });
}
