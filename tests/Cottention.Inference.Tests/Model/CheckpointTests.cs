using Cottention.Conformance;
using Cottention.Inference.Model;

namespace Cottention.Inference.Tests.Model;

public class CheckpointTests
{
    [Theory]
    [InlineData("tiny", SafetensorsDtype.F32)]
    [InlineData("tiny_f16", SafetensorsDtype.F16)]
    [InlineData("tiny_bf16", SafetensorsDtype.BF16)]
    [InlineData("tiny_sharded", SafetensorsDtype.F32)]
    [InlineData("d64", SafetensorsDtype.F32)]
    [InlineData("small-rope-none", SafetensorsDtype.F32)]
    public void Open_GoldenModel_ReadsEveryTensor(string model, SafetensorsDtype dtype)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", model));

        Assert.Equal(ModelTensors.Of(checkpoint.Config).Select(t => t.Name).Order(StringComparer.Ordinal), checkpoint.TensorNames);
        Assert.Equal(checkpoint.Config.ParameterCount * dtype.ByteSize(), checkpoint.WeightBytes);
        foreach (var name in checkpoint.TensorNames)
        {
            Assert.Equal(dtype, checkpoint.DtypeOf(name));
            var rows = (int)checkpoint.ShapeOf(name)[0];
            var expected = TensorValues.ToDoubles(dtype, checkpoint.RowBytes(name, 0, rows));
            var actual = new float[expected.Length];
            checkpoint.ReadRows(name, 0, rows, actual);
            Numerics.AssertClose(expected, actual, 0, name);
        }
    }

    [Fact]
    public void ReadRows_SomeRows_AreThoseOfTheWholeTensor()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", "tiny_bf16"));
        var all = new float[300 * 64];
        checkpoint.ReadRows(ModelTensors.Embedding, 0, 300, all);

        foreach (var (first, count) in new[] { (0, 1), (7, 63), (299, 1), (300, 0) })
        {
            var rows = new float[count * 64];
            checkpoint.ReadRows(ModelTensors.Embedding, first, count, rows);
            Numerics.AssertSameBits(all.AsSpan(first * 64, count * 64), rows);
        }
    }

    [Fact]
    public void ReadRows_NormConst_IsOneRowOfHeads()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", "tiny"));
        var values = new float[4];

        checkpoint.ReadRows(ModelTensors.NormConst(0), 0, 1, values);

        // From manifest.json.
        Numerics.AssertClose([-1.048039436340332, 0.5181884765625, -1.1977014541625977, 0.49079036712646484], values, 0);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, -1)]
    [InlineData(0, 301)]
    [InlineData(300, 1)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void RowBytes_OutsideTheTensor_Throws(int first, int count)
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", "tiny"));

        Assert.Throws<ArgumentOutOfRangeException>(() => checkpoint.RowBytes(ModelTensors.Embedding, first, count).Length);
    }

    [Fact]
    public void ReadRows_WrongDestinationOrName_Throws()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", "tiny"));

        var length = Assert.Throws<ArgumentException>(() => checkpoint.ReadRows(ModelTensors.Embedding, 0, 2, new float[127]));
        var name = Assert.Throws<ArgumentException>(() => checkpoint.ReadRows("wte", 0, 1, new float[64]));

        Assert.StartsWith("Destination holds 127 values; 2 rows of 'transformer.wte.weight' are 128.", length.Message);
        Assert.StartsWith("The model has no tensor 'wte'.", name.Message);
    }

    [Fact]
    public void ReadRows_NonFiniteWeight_NamesTheElement()
    {
        using var folder = new CheckpointFolder();
        var bytes = new byte[300 * 64 * 4];
        BitConverter.TryWriteBytes(bytes.AsSpan((5 * 64 + 3) * 4), float.NegativeInfinity);
        folder.Change(ModelTensors.Embedding, SafetensorsDtype.F32, [300, 64], bytes);
        folder.Save();
        using var checkpoint = Checkpoint.Open(folder.Path);
        checkpoint.ReadRows(ModelTensors.Embedding, 0, 5, new float[5 * 64]);

        var error = Assert.Throws<InferenceException>(() => checkpoint.ReadRows(ModelTensors.Embedding, 4, 2, new float[2 * 64]));

        Assert.Equal(InferenceError.InvalidModel, error.Error);
        Assert.Equal($"{folder.Weights}: tensor 'transformer.wte.weight': element 323 is -Infinity; allowed: finite numbers", error.Message);
    }

    [Fact]
    public void Fingerprint_OfTheGoldenModel_StaysWhatItIs()
    {
        using var checkpoint = Checkpoint.Open(Fixtures.Path("golden", "tiny"));

        // Stored sessions name their model by this. A change here cuts them all off: raise the version and say so.
        Assert.Equal("561fb67c58a770215abd20d5e03c2972d92b77be1bbbfa7ae3ce462a4775262c", checkpoint.Fingerprint);
    }

    [Fact]
    public void Fingerprint_SameTensorsInOtherFiles_IsTheSame()
    {
        using var folder = new CheckpointFolder();
        folder.SaveSharded();

        string[] fingerprints = [Fingerprint(Fixtures.Path("golden", "tiny")), Fingerprint(Fixtures.Path("golden", "tiny_sharded")), Fingerprint(folder.Path)];

        Assert.Single(fingerprints.Distinct());
    }

    [Fact]
    public void Fingerprint_AnythingThatMattersChanges_Differs()
    {
        using var folder = new CheckpointFolder();
        var before = Fingerprint(folder.Path);
        var tensor = new byte[256];
        tensor[255] = 1;

        folder.ChangeConfig("rotary_dim", 6);
        var otherRotary = Fingerprint(folder.Path);
        folder.ChangeConfig("rotary_dim", 8);
        folder.ChangeConfig("n_positions", 999);
        var otherPositions = Fingerprint(folder.Path);
        folder.Change("transformer.ln_f.bias", SafetensorsDtype.F32, [64], tensor);
        folder.Save();
        var otherByte = Fingerprint(folder.Path);

        Assert.NotEqual(before, otherRotary);
        Assert.Equal(before, otherPositions);
        Assert.NotEqual(before, otherByte);
        Assert.NotEqual(before, Fingerprint(Fixtures.Path("golden", "tiny_bf16")));
    }

    [Fact]
    public void Open_TiedHead_ReadsTheEmbeddingForIt()
    {
        using var folder = new CheckpointFolder();
        folder.ChangeConfig("tie_word_embeddings", true);
        folder.Tensors.Remove(ModelTensors.HeadWeight);
        folder.Save();
        using var absent = Checkpoint.Open(folder.Path);
        var (embedding, head) = (new float[64], new float[64]);

        absent.ReadRows(ModelTensors.Embedding, 299, 1, embedding);
        absent.ReadRows(ModelTensors.HeadWeight, 299, 1, head);

        Numerics.AssertSameBits(embedding, head);
        Assert.DoesNotContain(ModelTensors.HeadWeight, absent.TensorNames);
    }

    [Fact]
    public void Open_TiedHeadStoredTwice_MustBeTheSame()
    {
        using var folder = new CheckpointFolder();
        folder.ChangeConfig("tie_word_embeddings", true);
        var different = Assert.Throws<InferenceException>(() => Checkpoint.Open(folder.Path));
        folder.Tensors[ModelTensors.HeadWeight] = folder.Tensors[ModelTensors.Embedding] with { Name = ModelTensors.HeadWeight };
        folder.Save();

        using var checkpoint = Checkpoint.Open(folder.Path);

        Assert.Equal(
            $"{folder.Weights}: tensor 'lm_head.weight': differs from transformer.wte.weight, though tie_word_embeddings is true",
            different.Message);
        Assert.Equal([300L, 64L], checkpoint.ShapeOf(ModelTensors.HeadWeight));
    }

    [Fact]
    public void Open_BuffersOfGptJ_AreLeftOut()
    {
        using var folder = new CheckpointFolder();
        var before = Fingerprint(folder.Path);
        folder.Change("transformer.h.0.attn.bias", SafetensorsDtype.Bool, [1, 1, 8, 8], new byte[64]);
        folder.Change("transformer.h.2.attn.masked_bias", SafetensorsDtype.F32, [], new byte[4]);
        folder.Change("transformer.h.1.attn.embed_positions", SafetensorsDtype.F32, [2, 2], new byte[16]);
        folder.Save();

        Assert.Equal(before, Fingerprint(folder.Path));
    }

    private static string Fingerprint(string folder)
    {
        using var checkpoint = Checkpoint.Open(folder);
        return checkpoint.Fingerprint;
    }
}
