using Cottention.Conformance;
using Cottention.Inference.Model;
using static TorchSharp.torch;

namespace Cottention.Torch.Tests;

public sealed class GradientTests
{
    private static readonly ModelConfig Config = new()
    {
        EmbeddingSize = 16,
        HeadCount = 2,
        LayerCount = 2,
        InnerSize = 24,
        VocabularySize = 40,
        RotaryDim = 4,
        TrainedPositions = 64,
    };

    [Fact]
    public void Backward_ParallelFormFromAState_EqualsRecurrentForm()
    {
        var parallel = Gradients(AttentionForm.Chunked);
        var recurrent = Gradients(AttentionForm.Recurrent);

        Assert.Contains(parallel, gradient => gradient.Name.EndsWith("norm_const", StringComparison.Ordinal));
        foreach (var ((name, expected), (_, actual)) in recurrent.Zip(parallel))
        {
            Assert.True(expected.Any(value => value != 0), $"{name} has no gradient");
            Numerics.AssertClose(expected, actual, 1e-12, name);
        }
    }

    [Fact]
    public void Backward_NormConst_EqualsDifferenceQuotient()
    {
        const double step = 1e-5;
        using var scope = NewDisposeScope();
        var model = Model();
        var constant = model.named_parameters().First(p => p.name.EndsWith("norm_const", StringComparison.Ordinal)).parameter;
        Loss(model, AttentionForm.Chunked).backward();

        double Moved(double by)
        {
            using var noGradient = no_grad();
            constant[0, 1, 0, 0] += by;
            var loss = Loss(model, AttentionForm.Chunked).item<double>();
            constant[0, 1, 0, 0] -= by;
            return loss;
        }

        // Set by backward.
        Numerics.AssertClose([(Moved(step) - Moved(-step)) / (2 * step)], [constant.grad![0, 1, 0, 0].item<double>()], 1e-8);
    }

    private static List<(string Name, double[] Values)> Gradients(AttentionForm form)
    {
        using var scope = NewDisposeScope();
        var model = Model();
        Loss(model, form).backward();
        // Set by backward.
        return [.. model.named_parameters().Select(p => (p.name, p.parameter.grad!.Values()))];
    }

    // Two parts, so that gradients flow through the state between them.
    private static Tensor Loss(CottentionModel model, AttentionForm form)
    {
        var tokens = (arange(30) * 7 % 40).reshape(2, 15);
        var (first, state) = model.Run(tokens.narrow(1, 0, 6), model.ZeroState(2), form);
        var (second, _) = model.Run(tokens.narrow(1, 6, 8), state, form);
        return nn.functional.cross_entropy(cat([first, second], 1).flatten(0, 1), tokens.narrow(1, 1, 14).flatten());
    }

    private static CottentionModel Model()
    {
        var model = new CottentionModel(Config, ScalarType.Float64);
        model.Initialize(-1, 2, new Generator(11));
        return model;
    }
}
