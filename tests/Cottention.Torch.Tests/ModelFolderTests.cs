using Cottention.Conformance;
using Cottention.Inference;
using Cottention.Inference.Model;
using static TorchSharp.torch;

namespace Cottention.Torch.Tests;

public sealed class ModelFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cottention-folder-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void SaveThenLoad_BFloat16Weights_GivesTheSameModel()
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var model = ModelFolder.Load(Fixtures.Path("golden", "tiny_bf16"));
        var tokens = Tensors.Tokens(GoldenFile.Open("tiny", "golden.safetensors"), "len37.input_ids");

        ModelFolder.Save(model, _folder);
        var again = ModelFolder.Load(_folder);

        Assert.Equal(model.Config, again.Config);
        Numerics.AssertClose(model.call(tokens).Values(), again.call(tokens).Values(), 0, "logits");
    }

    [Fact]
    public void Load_TensorMissing_IsRefusedByName()
    {
        using var scope = NewDisposeScope();
        var model = ModelFolder.Load(Fixtures.Path("golden", "tiny"));
        ModelFolder.Save(model, _folder);
        SafetensorsWriter.Write(
            Path.Combine(_folder, "model.safetensors"),
            [.. model.named_parameters().Where(p => p.name != "transformer.h.1.attn.norm_const").Select(p => TensorBytes.ToWrite(p.name, p.parameter))]);

        var refusal = Assert.Throws<InferenceException>(() => ModelFolder.Load(_folder));

        Assert.Equal(InferenceError.InvalidModel, refusal.Error);
        Assert.Contains("transformer.h.1.attn.norm_const", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_TensorOfAnotherShape_IsRefusedByName()
    {
        using var scope = NewDisposeScope();
        var model = ModelFolder.Load(Fixtures.Path("golden", "tiny"));
        ModelFolder.Save(model, _folder);
        SafetensorsWriter.Write(
            Path.Combine(_folder, "model.safetensors"),
            [.. model.named_parameters().Select(p => TensorBytes.ToWrite(p.name, p.name == "lm_head.bias" ? p.parameter.narrow(0, 0, 7) : p.parameter))]);

        Assert.Contains("lm_head.bias", Assert.Throws<InferenceException>(() => ModelFolder.Load(_folder)).Message, StringComparison.Ordinal);
    }
}
