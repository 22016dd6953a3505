using CsCheck;
using Cottention.Conformance;
using Cottention.Training.Evaluation;

namespace Cottention.Training.Tests.Evaluation;

public sealed class LogProbabilityTests
{
    [Fact]
    public void Normalizer_AnyLogits_MakesProbabilitiesSumToOne() => Gen.Float[-1000, 1000].Array[1, 70].Sample(logits =>
    {
        var normalizer = LogProbability.Normalizer(logits);

        Numerics.AssertClose([1.0], [logits.Sum(logit => Math.Exp(logit - normalizer))], 1e-12, "sum of probabilities");
    });

    [Fact]
    public void Normalizer_OneLogitIsNaN_IsNaN() => Assert.All(
        Enumerable.Range(0, 20),
        at => Assert.True(double.IsNaN(LogProbability.Normalizer([.. Enumerable.Range(0, 20).Select(i => i == at ? float.NaN : i)]))));
}
