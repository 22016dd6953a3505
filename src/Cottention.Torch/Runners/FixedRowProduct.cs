using static TorchSharp.torch;

namespace Cottention.Torch.Runners;

/// <summary>
/// y = W x + b for many rows x, with the same bits for a row whoever stands beside it. libtorch's products sum in an order that
/// depends on the shape, so there is one shape: always the same number of rows, in columns padded to whole cache lines (in narrower
/// ones a row's place among the others decided too).
/// </summary>
internal sealed class FixedRowProduct : IDisposable
{
    private const int ColumnMultiple = 16;

    // [K, padded; N]: a fifth faster than the transpose of [N, K].
    private readonly Tensor _columns;
    private readonly Tensor? _bias;
    private readonly long _padding;
    private readonly long _rows;

    /// <param name="weight">[N, K], then owned.</param>
    /// <param name="bias">[N] or null, then owned.</param>
    /// <param name="rows">Rows of a product.</param>
    public FixedRowProduct(Tensor weight, Tensor? bias, long rows)
    {
        using var given = weight;
        using var scope = NewDisposeScope();
        _rows = rows;
        _bias = bias;
        _padding = (ColumnMultiple - weight.shape[1] % ColumnMultiple) % ColumnMultiple;
        _columns = nn.functional.pad(weight, [0, _padding]).t().contiguous().DetachFromDisposeScope();
    }

    /// <summary>The products of all rows.</summary>
    /// <param name="input">[R, K], R a multiple of the rows of a product.</param>
    /// <returns>[R, N], in the caller's dispose scope.</returns>
    public Tensor Of(Tensor input)
    {
        using var scope = NewDisposeScope();
        var padded = _padding == 0 ? input.contiguous() : nn.functional.pad(input, [0, _padding]);
        var result = empty([input.shape[0], _columns.shape[1]], dtype: input.dtype, device: input.device);
        for (long start = 0; start < input.shape[0]; start += _rows)
            // beta = 0: what lies in the result is not read.
            result.narrow(0, start, _rows).addmm_(padded.narrow(0, start, _rows), _columns, 0, 1);
        if (_bias is not null)
            result.add_(_bias);
        return result.MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _columns.Dispose();
        _bias?.Dispose();
    }
}
