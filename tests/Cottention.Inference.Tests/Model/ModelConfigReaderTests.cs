using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cottention.Conformance;
using Cottention.Inference.Model;

namespace Cottention.Inference.Tests.Model;

public sealed class ModelConfigReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_GoldenTiny_GivesItsNumbers()
    {
        var config = ModelConfigReader.Read(Fixtures.Path("golden", "tiny"));

        Assert.Equal(
            new ModelConfig
            {
                EmbeddingSize = 64,
                HeadCount = 4,
                LayerCount = 3,
                InnerSize = 96,
                VocabularySize = 300,
                RotaryDim = 8,
                TrainedPositions = 256,
                LayerNormEpsilon = 1e-5,
                BosTokenId = 299,
                EosTokenId = 299,
                TieWordEmbeddings = false,
            },
            config);
        Assert.Equal(16, config.HeadDim);
        // total_size of tiny_sharded's index, in float32.
        Assert.Equal(502880 / 4, config.ParameterCount);
    }

    [Fact]
    public void Read_FileInsteadOfFolder_IsTheSame() =>
        Assert.Equal(
            ModelConfigReader.Read(Fixtures.Path("golden", "d64")),
            ModelConfigReader.Read(Fixtures.Path("golden", "d64", "config.json")));

    [Fact]
    public void Read_RotaryDimNull_IsTheWholeHead() =>
        Assert.Equal(32, ModelConfigReader.Read(Fixtures.Path("golden", "small-rope-none")).RotaryDim);

    [Fact]
    public void Parse_OptionalKeysAbsentOrNull_TakesDefaults()
    {
        var config = Parse(Change(("n_inner", "null"), ("layer_norm_epsilon", null), ("bos_token_id", null),
            ("eos_token_id", "null"), ("tie_word_embeddings", null), ("activation_function", null), ("unknown", "{\"a\":[1]}")));

        Assert.Equal(256, config.InnerSize);
        Assert.Equal(1e-5, config.LayerNormEpsilon);
        Assert.Null(config.BosTokenId);
        Assert.Null(config.EosTokenId);
        Assert.False(config.TieWordEmbeddings);
    }

    [Fact]
    public void ParameterCount_TiedHead_CountsItsWeightOnce()
    {
        var tied = Parse(Change(("tie_word_embeddings", "true")));

        Assert.True(tied.TieWordEmbeddings);
        Assert.Equal(Parse(Change()).ParameterCount - 300 * 64, tied.ParameterCount);
    }

    [Theory]
    [InlineData("n_embd", null, "n_embd is missing; allowed: 2 to 65536")]
    [InlineData("n_embd", "null", "n_embd is null; allowed: 2 to 65536")]
    [InlineData("n_embd", "0", "n_embd is 0; allowed: 2 to 65536")]
    [InlineData("n_embd", "-64", "n_embd is -64; allowed: 2 to 65536")]
    [InlineData("n_embd", "65537", "n_embd is 65537; allowed: 2 to 65536")]
    [InlineData("n_embd", "99999999999999999999", "n_embd is 99999999999999999999; allowed: 2 to 65536")]
    [InlineData("n_embd", "64.5", "n_embd is 64.5; allowed: 2 to 65536")]
    [InlineData("n_embd", "\"64\"", "n_embd is \"64\"; allowed: 2 to 65536")]
    [InlineData("n_head", "0", "n_head is 0; allowed: 1 to 64")]
    [InlineData("n_head", "5", "n_head is 5; allowed: a divisor of n_embd = 64")]
    [InlineData("n_head", "64", "n_head is 64, which makes n_embd / n_head = 1; allowed: even, 2 to 1024")]
    [InlineData("n_layer", "0", "n_layer is 0; allowed: 1 to 1024")]
    [InlineData("n_layer", "1025", "n_layer is 1025; allowed: 1 to 1024")]
    [InlineData("n_inner", "0", "n_inner is 0; allowed: 1 to 262144")]
    [InlineData("n_inner", "262145", "n_inner is 262145; allowed: 1 to 262144")]
    [InlineData("vocab_size", "1", "vocab_size is 1; allowed: 2 to 16777216")]
    [InlineData("vocab_size", "16777217", "vocab_size is 16777217; allowed: 2 to 16777216")]
    [InlineData("n_positions", "0", "n_positions is 0; allowed: 1 to 2147483647")]
    [InlineData("rotary_dim", null, "rotary_dim is missing; allowed: an even number from 2 to 16, or null for 16")]
    [InlineData("rotary_dim", "0", "rotary_dim is 0; allowed: 2 to 16")]
    [InlineData("rotary_dim", "18", "rotary_dim is 18; allowed: 2 to 16")]
    [InlineData("rotary_dim", "7", "rotary_dim is 7; allowed: an even number from 2 to 16, or null for 16")]
    [InlineData("bos_token_id", "300", "bos_token_id is 300; allowed: 0 to 299")]
    [InlineData("eos_token_id", "-1", "eos_token_id is -1; allowed: 0 to 299")]
    [InlineData("eos_token_id", "[299]", "eos_token_id is [299]; allowed: 0 to 299")]
    [InlineData("layer_norm_epsilon", "0", "layer_norm_epsilon is 0; allowed: more than 0 (in float32), up to 1")]
    [InlineData("layer_norm_epsilon", "-1e-5", "layer_norm_epsilon is -1e-5; allowed: more than 0 (in float32), up to 1")]
    [InlineData("layer_norm_epsilon", "1e-60", "layer_norm_epsilon is 1e-60; allowed: more than 0 (in float32), up to 1")]
    [InlineData("layer_norm_epsilon", "1e400", "layer_norm_epsilon is 1e400; allowed: more than 0 (in float32), up to 1")]
    [InlineData("layer_norm_epsilon", "\"NaN\"", "layer_norm_epsilon is \"NaN\"; allowed: more than 0 (in float32), up to 1")]
    [InlineData("activation_function", "\"gelu\"", "activation_function is \"gelu\"; allowed: gelu_new")]
    [InlineData("activation_function", "7", "activation_function is 7; allowed: gelu_new")]
    [InlineData("tie_word_embeddings", "1", "tie_word_embeddings is 1; allowed: true or false")]
    public void Parse_OneKeyWrong_NamesItWithTheRange(string key, string? value, string reason) =>
        Assert.Equal("c: " + reason, Refuse(Change((key, value))).Message);

    [Theory]
    [InlineData("65536", "1024", "64", "16777216", "n_embd 65536 makes a matrix of 1099511627776 weights; allowed: up to 2147483647")]
    [InlineData("16384", "8192", "1024", "2", "the model has 3298660810754 parameters; allowed: up to 68719476736")]
    [InlineData("4096", "4", "1000", "2", "a session's state has 4194304000 numbers; allowed: up to 2147483647")]
    public void Parse_SizesTogetherTooLarge_IsRefused(string embedding, string heads, string layers, string vocabulary, string reason)
    {
        var json = Change(("n_embd", embedding), ("n_head", heads), ("n_layer", layers), ("vocab_size", vocabulary), ("n_inner", null),
            ("rotary_dim", "null"), ("bos_token_id", null), ("eos_token_id", null));

        Assert.Equal("c: " + reason, Refuse(json).Message);
    }

    [Theory]
    [InlineData("[]", "c: is a JSON Array; allowed: an object")]
    [InlineData("null", "c: is a JSON Null; allowed: an object")]
    [InlineData("{\"n_embd\":64,\"n_embd\":64}", "c: is not valid JSON: ")]
    [InlineData("{\"n_embd\":", "c: is not valid JSON: ")]
    [InlineData("{\"n_embd\":NaN}", "c: is not valid JSON: ")]
    [InlineData("", "c: is not valid JSON: ")]
    [InlineData("{\"a\":{\"\\ud800\":1,\"\\ud800\":1}}", "c: holds text that is not valid Unicode: ")]
    [InlineData("{\"\\udc00\":1}", "c: holds text that is not valid Unicode: ")]
    [InlineData("{\"activation_function\":\"\\ud800\"}", "c: activation_function is \"\\ud800\"; allowed: gelu_new")]
    public void Parse_WrongJson_IsRefused(string json, string message) => Assert.StartsWith(message, Refuse(json).Message);

    [Fact]
    public void Parse_InvalidUtf8_IsRefused()
    {
        var error = Assert.Throws<InferenceException>(() => ModelConfigReader.Parse("c", "{\"\u00ff\":1}"u8.ToArray().AsMemory(0, 3)));

        Assert.Equal("c: is not valid UTF-8", error.Message);
    }

    [Fact]
    public void Read_NoConfig_IsRefused()
    {
        var error = Assert.Throws<InferenceException>(() => ModelConfigReader.Read(_folder.Path));

        Assert.Equal(InferenceError.InvalidModel, error.Error);
        Assert.Equal($"{_folder.File("config.json")}: there is no such file", error.Message);
    }

    [Fact]
    public void Read_FileTooLong_IsRefusedUnread()
    {
        var path = _folder.File("config.json");
        using (var file = File.Create(path))
            file.SetLength(1L << 40);

        var error = Assert.Throws<InferenceException>(() => ModelConfigReader.Read(path));

        Assert.Equal($"{path}: has 1099511627776 bytes; allowed: up to 1048576", error.Message);
    }

    [Fact]
    public void Parse_MutatedConfigs_OnlyRefuses()
    {
        var whole = File.ReadAllBytes(Fixtures.Path("golden", "tiny", "config.json"));
        for (var seed = 0; seed < 5_000; seed++)
        {
            var random = new Random(seed);
            var json = whole.ToArray();
            for (var i = 1 + random.Next(4); i > 0; i--)
                json[random.Next(json.Length)] = (byte)(random.Next(2) == 0 ? random.Next(256) : "0123456789{}[]\",:-.e\\"[random.Next(21)]);
            try
            {
                ModelConfigReader.Parse("c", json.AsMemory(0, random.Next(8) == 0 ? random.Next(json.Length) : json.Length));
            }
            catch (InferenceException e)
            {
                Assert.Equal(InferenceError.InvalidModel, e.Error);
                Assert.False(e.Message.Any(char.IsControl), $"seed {seed}: {e.Message}");
            }
        }
    }

    private static ModelConfig Parse(string json) => ModelConfigReader.Parse("c", Encoding.UTF8.GetBytes(json));

    private static InferenceException Refuse(string json)
    {
        var error = Assert.Throws<InferenceException>(() => Parse(json));

        Assert.Equal(InferenceError.InvalidModel, error.Error);
        return error;
    }

    /// <summary>The golden configuration with some keys set to a JSON text, or removed (null).</summary>
    private static string Change(params (string Key, string? Value)[] changes)
    {
        var keys = JsonNode.Parse(File.ReadAllBytes(Fixtures.Path("golden", "tiny", "config.json")))!.AsObject()
            .ToDictionary(pair => pair.Key, pair => pair.Value?.ToJsonString() ?? "null");
        foreach (var (key, value) in changes)
            if (value is null)
                keys.Remove(key);
            else
                keys[key] = value;
        return $"{{{string.Join(',', keys.Select(pair => $"{JsonSerializer.Serialize(pair.Key)}:{pair.Value}"))}}}";
    }
}
