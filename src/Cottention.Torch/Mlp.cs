using Cottention.Inference.Model;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Cottention.Torch;

/// <summary>fc_out(gelu_new(fc_in x)), the MLP of GPT-J.</summary>
internal sealed class Mlp : nn.Module<Tensor, Tensor>
{
    private readonly Projection _in;
    private readonly Projection _out;

    public Mlp(ModelConfig config, ScalarType type, Device? device)
        : base(nameof(Mlp))
    {
        register_module("fc_in", _in = new Projection(config.EmbeddingSize, config.InnerSize, bias: true, type, device));
        register_module("fc_out", _out = new Projection(config.InnerSize, config.EmbeddingSize, bias: true, type, device));
    }

    /// <param name="input">[B, T, D], normalised.</param>
    /// <returns>[B, T, D].</returns>
    public override Tensor forward(Tensor input) =>
        _out.call(nn.functional.gelu(_in.call(input), GELU.Approximate.tanh));
}
