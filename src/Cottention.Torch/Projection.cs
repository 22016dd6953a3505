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
    public Projection(int inputs, int outputs, bool bias, ScalarType type)
        : base(nameof(Projection))
    {
        _weight = nn.Parameter(zeros(outputs, inputs, dtype: type));
        register_parameter("weight", _weight);
        if (bias)
        {
            _bias = nn.Parameter(zeros(outputs, dtype: type));
            register_parameter("bias", _bias);
        }
    }

    /// <summary>Type of the product and of y; null for the type of the weights.</summary>
    public ScalarType? ProductType { get; set; }

    /// <param name="input">[..., inputs].</param>
    /// <returns>[..., outputs] in <see cref="ProductType"/>.</returns>
    public override Tensor forward(Tensor input)
    {
        var type = ProductType ?? _weight.dtype;
        return nn.functional.linear(input.to(type), _weight.to(type), _bias?.to(type));
    }
}
