using System.Text.Json.Nodes;
using Cottention.Conformance;
using Cottention.Inference.Model;

namespace Cottention.Inference.Tests.Model;

public sealed class CheckpointFaultTests : IDisposable
{
    private readonly CheckpointFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_NoFolder_IsRefused() =>
        AssertRefused(_folder.InFolder("none"), $"{_folder.InFolder("none")}: there is no such folder");

    [Fact]
    public void Open_NoWeights_IsRefused()
    {
        File.Delete(_folder.Weights);

        AssertRefused($"{_folder.Path}: has neither model.safetensors nor model.safetensors.index.json");
    }

    [Fact]
    public void Open_PickleOnly_PointsToConvert() =>
        AssertRefused(
            Fixtures.Path("golden", "tiny_legacy"),
            $"{Fixtures.Path("golden", "tiny_legacy")}: has neither model.safetensors nor model.safetensors.index.json; "
            + "pytorch_model.bin is made into one by 'cottention convert'");

    [Fact]
    public void Open_NoNormConst_SaysWhyItMatters()
    {
        _folder.Tensors.Remove("transformer.h.1.attn.norm_const");
        _folder.Save();

        AssertRefused(
            $"{_folder.Weights}: tensor 'transformer.h.1.attn.norm_const': is missing; every layer of a Cottention model has a trained one, "
            + "and no value can stand in for it (the authors' own loader silently runs at 0.5 then): was the model trained with this attention, and saved whole?");
    }

    [Fact]
    public void Open_NormConstNotFinite_IsRefused()
    {
        var bytes = new byte[16];
        BitConverter.TryWriteBytes(bytes.AsSpan(8), float.NaN);
        _folder.Change("transformer.h.2.attn.norm_const", SafetensorsDtype.F32, [1, 4, 1, 1], bytes);
        _folder.Save();

        AssertRefused($"{_folder.Weights}: tensor 'transformer.h.2.attn.norm_const': element 2 is NaN; allowed: finite numbers");
    }

    [Theory]
    [InlineData("transformer.wte.weight")]
    [InlineData("transformer.h.0.ln_1.bias")]
    [InlineData("transformer.h.2.mlp.fc_out.weight")]
    [InlineData("lm_head.weight")]
    [InlineData("lm_head.bias")]
    public void Open_TensorMissing_IsRefused(string name)
    {
        _folder.Tensors.Remove(name);
        _folder.Save();

        AssertRefused($"{_folder.Weights}: tensor '{name}': is missing");
    }

    [Theory]
    [InlineData("transformer.h.3.ln_1.bias")]
    [InlineData("transformer.h.3.attn.bias")]
    [InlineData("transformer.h.0.attn.q_proj.bias")]
    [InlineData("transformer.h.0.ln_2.weight")]
    [InlineData("wte.weight")]
    public void Open_TensorExtra_IsRefused(string name)
    {
        _folder.Change(name, SafetensorsDtype.F32, [1], new byte[4]);
        _folder.Save();

        AssertRefused($"{_folder.Weights}: tensor '{name}': is not of this model (n_layer 3, tie_word_embeddings false)");
    }

    [Fact]
    public void Open_WrongShape_IsRefused()
    {
        _folder.Change("transformer.h.0.mlp.fc_in.weight", SafetensorsDtype.F32, [64, 96], new byte[64 * 96 * 4]);
        _folder.Save();

        AssertRefused($"{_folder.Weights}: tensor 'transformer.h.0.mlp.fc_in.weight': has shape [64, 96]; config.json asks for [96, 64]");
    }

    [Fact]
    public void Open_NormConstFlat_IsRefused()
    {
        _folder.Change("transformer.h.0.attn.norm_const", SafetensorsDtype.F32, [4], new byte[16]);
        _folder.Save();

        AssertRefused($"{_folder.Weights}: tensor 'transformer.h.0.attn.norm_const': has shape [4]; config.json asks for [1, 4, 1, 1]");
    }

    [Theory]
    [InlineData(SafetensorsDtype.F64, "F64")]
    [InlineData(SafetensorsDtype.I64, "I64")]
    public void Open_WrongDtype_IsRefused(SafetensorsDtype dtype, string name)
    {
        _folder.Change("lm_head.bias", dtype, [300], new byte[2400]);
        _folder.Save();

        AssertRefused($"{_folder.Weights}: tensor 'lm_head.bias': has dtype {name}; allowed: F32, F16, BF16");
    }

    [Fact]
    public void Open_ConfigOfAnotherModel_IsRefused()
    {
        _folder.ChangeConfig("vocab_size", 301);

        AssertRefused($"{_folder.Weights}: tensor 'transformer.wte.weight': has shape [300, 64]; config.json asks for [301, 64]");
    }

    [Fact]
    public void Open_IndexNamesAnAbsentShard_IsRefused()
    {
        _folder.SaveSharded();
        File.Delete(_folder.InFolder("s2.safetensors"));

        AssertRefused($"{_folder.InFolder("s2.safetensors")}: there is no such file");
    }

    [Theory]
    [InlineData("\"../s2.safetensors\"", "../s2.safetensors")]
    [InlineData("\"/etc/x.safetensors\"", "/etc/x.safetensors")]
    [InlineData("\"a\\\\s2.safetensors\"", "a\\s2.safetensors")]
    [InlineData("\".s2.safetensors\"", ".s2.safetensors")]
    [InlineData("\"s2.bin\"", "s2.bin")]
    [InlineData("\"\"", "")]
    [InlineData("\"s\\u00002.safetensors\"", "s\\u00002.safetensors")]
    [InlineData("7", "7")]
    public void Open_ShardNameLeadsAway_IsRefused(string json, string shown)
    {
        _folder.SaveSharded(map => map["lm_head.bias"] = JsonNode.Parse(json));

        AssertRefused(
            $"{_folder.Index}: tensor 'lm_head.bias': its file is '{shown}'; allowed: a name of letters, digits, '-', '_', '.' that ends in .safetensors");
    }

    [Fact]
    public void Open_TensorInAnotherShardThanListed_IsRefused()
    {
        _folder.SaveSharded(map => map["lm_head.bias"] = "s2.safetensors");

        AssertRefused(
            $"{_folder.InFolder("s1.safetensors")}: tensor 'lm_head.bias': model.safetensors.index.json lists it in s2.safetensors");
    }

    [Fact]
    public void Open_TensorNotListed_IsRefused()
    {
        _folder.SaveSharded(map => map.Remove("lm_head.bias"));

        AssertRefused($"{_folder.InFolder("s1.safetensors")}: tensor 'lm_head.bias': model.safetensors.index.json does not list it");
    }

    [Fact]
    public void Open_ListedTensorInNoShard_IsRefused()
    {
        _folder.SaveSharded(map => map["transformer.h.9.ln_1.bias"] = "s2.safetensors");

        AssertRefused(
            $"{_folder.InFolder("s2.safetensors")}: tensor 'transformer.h.9.ln_1.bias': is missing; model.safetensors.index.json lists it in this file");
    }

    [Theory]
    [InlineData("{}", "has no weight_map object")]
    [InlineData("[]", "has no weight_map object")]
    [InlineData("{\"weight_map\":[]}", "has no weight_map object")]
    [InlineData("{\"weight_map\":{}}", "names 0 files; allowed: 1 to 1024")]
    public void Open_NoWeightMap_IsRefused(string json, string reason)
    {
        File.Delete(_folder.Weights);
        File.WriteAllText(_folder.Index, json);

        AssertRefused($"{_folder.Index}: {reason}");
    }

    [Fact]
    public void Open_IndexWithDuplicateKeys_IsRefused()
    {
        File.Delete(_folder.Weights);
        File.WriteAllText(_folder.Index, """{"weight_map":{"a":"s1.safetensors","a":"s2.safetensors"}}""");

        var error = Assert.Throws<InferenceException>(() => Checkpoint.Open(_folder.Path));

        Assert.StartsWith($"{_folder.Index}: is not valid JSON: Duplicate property 'a'", error.Message);
    }

    private void AssertRefused(string message) => AssertRefused(_folder.Path, message);

    private static void AssertRefused(string folder, string message)
    {
        var error = Assert.Throws<InferenceException>(() => Checkpoint.Open(folder));

        Assert.Equal(InferenceError.InvalidModel, error.Error);
        Assert.Equal(message, error.Message);
    }
}
