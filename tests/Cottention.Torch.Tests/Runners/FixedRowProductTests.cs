using Cottention.Conformance;
using Cottention.Torch.Runners;
using static TorchSharp.torch;

namespace Cottention.Torch.Tests.Runners;

[Collection(LibtorchThreads.Name)]
public sealed class FixedRowProductTests
{
    private const int Rows = 8;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(24, 6)]
    [InlineData(7, 5)]
    [InlineData(63, 100)]
    [InlineData(960, 320)]
    [InlineData(1000, 1)]
    [InlineData(33, 1279)]
    public void Of_RowAnywhereAmongOthers_SameBits(int outputs, int inputs)
    {
        using var scope = NewDisposeScope();
        var generator = new Generator((ulong)(outputs + inputs));
        using var product = new FixedRowProduct(Random(outputs, inputs), Random(1, outputs)[0], Rows);
        var row = Random(1, inputs);
        float[]? expected = null;

        for (var place = 0; place < 3 * Rows; place++)
        {
            var input = Random(3 * Rows, inputs);
            input[place].copy_(row[0]);
            var actual = product.Of(input)[place].data<float>().ToArray();
            expected ??= actual;

            Numerics.AssertSameBits(expected, actual, $"place {place}");
        }

        Tensor Random(long rows, long columns) => empty(rows, columns).normal_(0, 1, generator);
    }

    [Fact]
    public void Of_ColumnsNotPadded_EqualsLinear()
    {
        using var scope = NewDisposeScope();
        var (weight, bias, input) = (arange(30).to(ScalarType.Float32).reshape(5, 6), arange(5).to(ScalarType.Float32), arange(16 * 6).to(ScalarType.Float32).reshape(16, 6));
        var expected = nn.functional.linear(input, weight, bias).Values();
        using var product = new FixedRowProduct(weight.alias(), bias.alias(), Rows);

        Numerics.AssertClose(expected, product.Of(input).Values(), 0, "products of small integers");
    }
}
