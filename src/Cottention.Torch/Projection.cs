using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Cottention.Torch;

/// <summary>
/// y = W x + b. The product may run in another type than the weights are kept in: bfloat16 products with float32 weights
/// train several times faster on CPUs that have them.
/// </summary>
internal sealed class Projection : nn.Module<Tensor, Tensor>
{
    private readonly Parameter _weight;
    private readonly Parameter? _bias;

    /// <param name="inputs">Width of x.</param>
    /// <param name="outputs">Width of y.</param>
    /// <param name="bias">Whether there is a b.</param>
    /// <param name="type">Type of the weights.</param>
    /// <param name="device">Where they lie. Default: the CPU.</param>
    public Projection(int inputs, int outputs, bool bias, ScalarType type, Device? device = null)
        : base(nameof(Projection))
    {
        _weight = nn.Parameter(zeros(outputs, inputs, dtype: type, device: device));
        register_parameter("weight", _weight);
        if (bias)
        {
            _bias = nn.Parameter(zeros(outputs, dtype: type, device: device));
            register_parameter("bias", _bias);
        }
    }

    /// <summary>Type of the product and of y; null for the type of the weights.</summary>
    public ScalarType? ProductType { get; set; }

    /// <summary>[outputs, inputs].</summary>
    internal Parameter Weight => _weight;

    /// <summary>[outputs], or null.</summary>
    internal Parameter? Bias => _bias;

    /// <param name="input">[..., inputs].</param>
    /// <returns>[..., outputs] in <see cref="ProductType"/>.</returns>
    public override Tensor forward(Tensor input)
    {
        var type = ProductType ?? _weight.dtype;
        return nn.functional.linear(input.to(type), _weight.to(type), _bias?.to(type));
    }
}
