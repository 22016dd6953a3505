using System.Runtime.InteropServices;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;
using static TorchSharp.torch;

namespace Cottention.Torch.Runners;

/// <summary>
/// A plan as tensors, its tokens padded to whole products. Tokens lie row after row, as in the plan, or time after time: the first
/// token of each row, longest row first, then the second ones, and so on. Then the tokens that a recurrence takes at once are neighbours.
/// Rotary angles and divisors are made here in double precision, from 64-bit positions.
/// </summary>
internal sealed class PlanTensors : IDisposable
{
    private readonly RotaryTurns _turns;
    private readonly double[][] _sigmas;
    private readonly bool _byTime;
    private readonly int _productRows;
    private readonly Device _device;

    // On the host, filled anew for each plan.
    private readonly Tensor _tokens;
    private readonly Tensor _cosines;
    private readonly Tensor _sines;
    private readonly Tensor _divisors;
    private readonly Tensor _slots;
    private readonly Tensor _positions;
    private readonly Tensor _tokenBegins;
    private readonly Tensor _logitsTokens;
    private readonly int[] _rows;
    private readonly int[] _timeBegins;
    private readonly int _pairs;
    private readonly int _heads;

    /// <param name="config">The model's numbers.</param>
    /// <param name="sigmas">[L][H].</param>
    /// <param name="options">Sizes.</param>
    /// <param name="productRows">Rows of a product.</param>
    /// <param name="byTime">Order of the tokens.</param>
    /// <param name="device">Where the tensors of a plan are to lie.</param>
    public PlanTensors(ModelConfig config, double[][] sigmas, TorchRunnerOptions options, int productRows, bool byTime, Device device)
    {
        (_sigmas, _productRows, _byTime, _device) = (sigmas, productRows, byTime, device);
        _turns = new RotaryTurns(config.RotaryDim);
        (_pairs, _heads) = (_turns.PairCount, config.HeadCount);
        using var scope = NewDisposeScope();
        var (maxRows, maxTokens) = (Padded(options.MaxRows), Padded(options.MaxTokens));
        _tokens = zeros(maxTokens, dtype: ScalarType.Int64);
        _cosines = zeros(maxTokens, Math.Max(1, _pairs));
        _sines = zeros(maxTokens, Math.Max(1, _pairs));
        _divisors = zeros(sigmas.Length, maxTokens, config.HeadCount);
        _slots = zeros(maxRows, dtype: ScalarType.Int64);
        _positions = zeros(maxRows, dtype: ScalarType.Int64);
        _tokenBegins = zeros(maxRows + 1, dtype: ScalarType.Int64);
        _logitsTokens = zeros(maxRows, dtype: ScalarType.Int64);
        _rows = new int[maxRows];
        _timeBegins = new int[maxTokens + 1];
        foreach (var tensor in Staging)
            tensor.DetachFromDisposeScope();
    }

    /// <summary>Tokens of the plan.</summary>
    public int TokenCount { get; private set; }

    /// <summary>Rows of the plan.</summary>
    public int RowCount { get; private set; }

    /// <summary>Tokens of the longest row.</summary>
    public int TimeCount { get; private set; }

    /// <summary>[tokens, padded] i64.</summary>
    public Tensor Tokens => OnDevice(_tokens, Padded(TokenCount));

    /// <summary>[tokens, 1, 1, pairs].</summary>
    public Tensor Cosines => OnDevice(_cosines, TokenCount).narrow(1, 0, _pairs).unsqueeze(1).unsqueeze(1);

    /// <summary>[tokens, 1, 1, pairs].</summary>
    public Tensor Sines => OnDevice(_sines, TokenCount).narrow(1, 0, _pairs).unsqueeze(1).unsqueeze(1);

    /// <summary>count^-sigma of each layer, token and head: [L, tokens, H, 1].</summary>
    public Tensor Divisors => _divisors.narrow(1, 0, TokenCount).to(_device).unsqueeze(-1);

    /// <summary>The rows' slots, in the order in which their first tokens lie: [rows] i64.</summary>
    public Tensor Slots => OnDevice(_slots, RowCount);

    /// <summary>Where tokens lie row after row: each row's first position, [rows] i64.</summary>
    public Tensor Positions => OnDevice(_positions, RowCount);

    /// <summary>Where tokens lie row after row: index of each row's first token, and the number of tokens, [rows + 1] i64.</summary>
    public Tensor TokenBegins => OnDevice(_tokenBegins, RowCount + 1);

    /// <summary>The slot of the only row.</summary>
    public long OnlySlot => Longs(_slots)[0];

    /// <summary>Tokens after which logits are wanted, padded with the first token: [logits, padded] i64.</summary>
    public Tensor LogitsTokens(int count)
    {
        var padded = Padded(count);
        Longs(_logitsTokens)[count..padded].Clear();
        return OnDevice(_logitsTokens, padded);
    }

    /// <summary>The t-th tokens of all rows that have so many.</summary>
    public (int Begin, int Count) At(int time) => (_timeBegins[time], _timeBegins[time + 1] - _timeBegins[time]);

    /// <summary>Takes over a plan.</summary>
    public void Fill(StepPlan plan)
    {
        (TokenCount, RowCount) = (plan.TokenCount, plan.RowCount);
        Order(plan);
        Span<long> tokens = Longs(_tokens), slots = Longs(_slots), logitsTokens = Longs(_logitsTokens);
        Span<float> cosines = Floats(_cosines), sines = Floats(_sines), divisors = Floats(_divisors);
        Span<long> positions = Longs(_positions), tokenBegins = Longs(_tokenBegins);
        tokens[TokenCount..Padded(TokenCount)].Clear();
        tokenBegins[RowCount] = TokenCount;
        for (var rank = 0; rank < RowCount; rank++)
        {
            ref readonly var row = ref plan.Rows[_rows[rank]];
            (slots[rank], positions[rank], tokenBegins[rank]) = (row.Slot, row.Position, row.TokenStart);
            for (var t = 0; t < row.TokenCount; t++)
            {
                var at = _byTime ? _timeBegins[t] + rank : row.TokenStart + t;
                tokens[at] = plan.Tokens[row.TokenStart + t];
                var position = row.Position + t;
                FillAngles(position, cosines.Slice(at * _pairs, _pairs), sines.Slice(at * _pairs, _pairs));
                FillDivisors(position, divisors[(at * _heads)..]);
                if (row.TokenStart + t >= row.FirstLogitsToken)
                    logitsTokens[row.LogitsIndex + row.TokenStart + t - row.FirstLogitsToken] = at;
            }
        }
    }

    /// <summary>Count rounded up to whole products.</summary>
    public int Padded(int count) => (count + _productRows - 1) / _productRows * _productRows;

    public void Dispose()
    {
        foreach (var tensor in Staging)
            tensor.Dispose();
    }

    private Tensor[] Staging => [_tokens, _cosines, _sines, _divisors, _slots, _positions, _tokenBegins, _logitsTokens];

    // Longest row first, otherwise as in the plan.
    private void Order(StepPlan plan)
    {
        TimeCount = 0;
        for (var row = 0; row < RowCount; row++)
        {
            _rows[row] = row;
            TimeCount = Math.Max(TimeCount, plan.Rows[row].TokenCount);
        }
        if (!_byTime)
            return;
        for (var i = 1; i < RowCount; i++)
        {
            var (row, at) = (_rows[i], i);
            for (; at > 0 && plan.Rows[_rows[at - 1]].TokenCount < plan.Rows[row].TokenCount; at--)
                _rows[at] = _rows[at - 1];
            _rows[at] = row;
        }
        var active = RowCount;
        for (var t = 0; t < TimeCount; t++)
        {
            while (plan.Rows[_rows[active - 1]].TokenCount <= t)
                active--;
            _timeBegins[t + 1] = _timeBegins[t] + active;
        }
    }

    private void FillAngles(long position, Span<float> cosines, Span<float> sines)
    {
        for (var pair = 0; pair < _pairs; pair++)
        {
            var (sin, cos) = _turns.SinCosAt(pair, position);
            (cosines[pair], sines[pair]) = ((float)cos, (float)sin);
        }
    }

    // From the token's place in the first layer on.
    private void FillDivisors(long position, Span<float> divisors)
    {
        // As a double: the last position of all has a count too.
        var log = Math.Log(position + 1.0);
        var layerSize = (int)_tokens.shape[0] * _heads;
        for (var layer = 0; layer < _sigmas.Length; layer++)
            for (var head = 0; head < _heads; head++)
                divisors[(layer * layerSize) + head] = (float)Math.Exp(-_sigmas[layer][head] * log);
    }

    private Tensor OnDevice(Tensor staging, int count) => staging.narrow(0, 0, count).to(_device);

    private static Span<long> Longs(Tensor tensor) => MemoryMarshal.Cast<byte, long>(tensor.bytes);

    private static Span<float> Floats(Tensor tensor) => MemoryMarshal.Cast<byte, float>(tensor.bytes);
}
