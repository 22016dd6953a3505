using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu.Kernels;

namespace Cottention.Inference.Runners.Cpu;

/// <summary>
/// One plan through the model, by all threads at once. In each block a thread owns some heads and some part of the MLP,
/// from the first product to the packed inputs of the second, so a block needs three barriers:
/// (1) normalise own tokens; (2) own heads: q, k, v, recurrence; own part of the MLP: fc_in, GELU; (3) own rows of
/// out_proj and fc_out, added to the residual.
/// </summary>
internal sealed unsafe class CpuModelStep : IDisposable
{
    private readonly ModelConfig _config;
    private readonly PaddedShape _shape;
    private readonly CpuModelWeights _weights;
    private readonly CpuKernelSet _kernels;
    private readonly StateArena _arena;
    private readonly TailArena _tails;
    private readonly WorkerPool _pool;
    private readonly StepBuffers _buffers;
    private readonly RotaryTurns _turns;
    private readonly BlockShare[] _shares;
    private readonly Action<int> _job;

    // The step in hand.
    private StepPlan? _plan;
    private float* _logits;

    /// <summary>Buffers for the largest plan.</summary>
    public CpuModelStep(
        ModelConfig config, CpuModelWeights weights, CpuKernelSet kernels, StateArena arena, TailArena tails, WorkerPool pool, int maxRows, int maxTokens)
    {
        _config = config;
        _shape = new PaddedShape(config);
        _weights = weights;
        _kernels = kernels;
        _arena = arena;
        _tails = tails;
        _pool = pool;
        _buffers = new StepBuffers(config, kernels, weights.Format, maxTokens, maxRows, pool.Threads);
        _turns = new RotaryTurns(config.RotaryDim);
        _shares = BlockShare.Split(
            config.HeadCount, 3 * _shape.HeadDim / PackedMatrix.PanelRows, _shape.Inner / PackedMatrix.PanelRows, pool.Threads,
            headStep: _shape.HeadDim % GroupQuantizer.GroupSize == 0 ? 1 : 2, panelStep: GroupQuantizer.GroupSize / PackedMatrix.PanelRows);
        _job = Execute;
    }

    /// <summary>Bytes of the buffers.</summary>
    public long Bytes => _buffers.Bytes;

    /// <summary>Runs a checked plan. <paramref name="logits"/> is [plan.LogitsCount, N].</summary>
    public void Run(StepPlan plan, float* logits)
    {
        _plan = plan;
        _logits = logits;
        _buffers.Normalized.SetTokens(plan.TokenCount);
        _buffers.HeadTiles.SetTokens(plan.TokenCount);
        _buffers.InnerTiles.SetTokens(plan.TokenCount);
        _buffers.FinalNormalized.SetTokens(plan.LogitsCount);
        foreach (ref readonly var row in plan.Rows)
            for (var i = 0; i < row.LogitsCount; i++)
                _buffers.LogitsTokens[row.LogitsIndex + i] = row.FirstLogitsToken + i;
        _pool.Run(_job);
        _plan = null;
        _logits = null;
    }

    /// <inheritdoc/>
    public void Dispose() => _buffers.Dispose();

    private void Execute(int thread)
    {
        // Run set it.
        var plan = _plan!;
        var barrier = 0;
        var (firstToken, endToken) = Share.Of(plan.TokenCount, thread, _pool.Threads);
        Embed(plan, firstToken, endToken);
        var scratch = _buffers.ThreadScratch + ((long)thread * _buffers.ThreadStride);
        for (var layer = 0; layer < _config.LayerCount; layer++)
        {
            var weights = _weights.Layers[layer];
            for (var token = firstToken; token < endToken; token++)
                Normalize(weights.Norm, token, scratch, _buffers.Normalized, token);
            _pool.Barrier(ref barrier);
            Attend(plan, layer, weights, thread, scratch);
            ActivateMlp(plan, weights, _shares[thread]);
            _pool.Barrier(ref barrier);
            AddBranches(weights, thread);
            _pool.Barrier(ref barrier);
        }

        if (plan.LogitsCount == 0)
            return;
        var (firstRow, endRow) = Share.Of(plan.LogitsCount, thread, _pool.Threads);
        for (var row = firstRow; row < endRow; row++)
            Normalize(_weights.FinalNorm, _buffers.LogitsTokens[row], scratch, _buffers.FinalNormalized, row);
        _pool.Barrier(ref barrier);
        var (firstPanel, endPanel) = Share.Of(_weights.Head.PanelCount, thread, _pool.Threads);
        _weights.Head.Multiply(
            _kernels, _buffers.FinalNormalized, _logits, _config.VocabularySize, _weights.HeadBias.Floats, false, firstPanel, endPanel);
    }

    // Embedding and rotary angles of own tokens.
    private void Embed(StepPlan plan, int firstToken, int endToken)
    {
        foreach (ref readonly var row in plan.Rows)
        {
            var end = Math.Min(endToken, row.TokenStart + row.TokenCount);
            for (var token = Math.Max(firstToken, row.TokenStart); token < end; token++)
            {
                _weights.Embedding.Read(plan.Tokens[token], _buffers.Residual + ((long)token * _shape.Embedding));
                SetAngles(token, row.Position + token - row.TokenStart);
            }
        }
    }

    private void SetAngles(int token, long position)
    {
        _buffers.LogCounts[token] = Math.Log(position + 1.0);
        var cosines = _buffers.Cosines + ((long)token * _shape.HeadDim);
        var sines = _buffers.Sines + ((long)token * _shape.HeadDim);
        for (var pair = 0; pair < _turns.PairCount; pair++)
        {
            var (sin, cos) = _turns.SinCosAt(pair, position);
            cosines[2 * pair] = cosines[(2 * pair) + 1] = (float)cos;
            sines[2 * pair] = -(float)sin;
            sines[(2 * pair) + 1] = (float)sin;
        }

        for (var i = 2 * _turns.PairCount; i < _shape.HeadDim; i++)
            (cosines[i], sines[i]) = (1f, 0f);
    }

    private void Normalize(NormWeights norm, int token, float* scratch, ActivationTiles destination, int destinationToken)
    {
        var x = _buffers.Residual + ((long)token * _shape.Embedding);
        _kernels.LayerNorm(
            x, norm.Weight.Floats, norm.Bias.Floats, (float)_config.LayerNormEpsilon, scratch, _config.EmbeddingSize);
        destination.Pack(destinationToken, 0, scratch, _config.EmbeddingSize);
    }

    // q, k, v of own heads; the rows' recurrences through own heads; their outputs into tiles.
    private void Attend(StepPlan plan, int layer, LayerWeights weights, int thread, float* scratch)
    {
        ref readonly var share = ref _shares[thread];
        var panelsPerHead = 3 * _shape.HeadDim / PackedMatrix.PanelRows;
        weights.AttentionIn.Multiply(
            _kernels, _buffers.Normalized, _buffers.QueryKeyValue, _shape.QueryKeyValue, null, false,
            share.FirstHead * panelsPerHead, share.EndHead * panelsPerHead);
        fixed (double* logCounts = _buffers.LogCounts)
            foreach (ref readonly var row in plan.Rows)
                for (var head = share.FirstHead; head < share.EndHead; head++)
                {
                    var scan = ScanOf(row, layer, head, weights.Sigmas[head], logCounts, scratch);
                    _tails.Join(ref scan, row, (layer * _config.HeadCount) + head, thread);
                    _kernels.Scan(scan);
                }

        var firstColumn = share.FirstHead * _shape.HeadDim;
        var columns = (share.EndHead - share.FirstHead) * _shape.HeadDim;
        for (var token = 0; token < plan.TokenCount; token++)
            _buffers.HeadTiles.Pack(token, firstColumn, _buffers.Heads + ((long)token * _shape.Heads) + firstColumn, columns);
    }

    private HeadScan ScanOf(in PlanRow row, int layer, int head, double sigma, double* logCounts, float* scratch) => new()
    {
        QueryKeyValue = _buffers.QueryKeyValue + ((long)row.TokenStart * _shape.QueryKeyValue) + (head * 3 * _shape.HeadDim),
        QueryStride = _shape.QueryKeyValue,
        Output = _buffers.Heads + ((long)row.TokenStart * _shape.Heads) + (head * _shape.HeadDim),
        OutputStride = _shape.Heads,
        State = _arena.Head(row.Slot, (layer * _config.HeadCount) + head),
        Cosines = _buffers.Cosines + ((long)row.TokenStart * _shape.HeadDim),
        Sines = _buffers.Sines + ((long)row.TokenStart * _shape.HeadDim),
        LogCounts = logCounts + row.TokenStart,
        Sigma = sigma,
        Tokens = row.TokenCount,
        HeadDim = _config.HeadDim,
        PaddedHeadDim = _shape.HeadDim,
        Scratch = scratch,
    };

    private void ActivateMlp(StepPlan plan, LayerWeights weights, in BlockShare share)
    {
        weights.MlpIn.Multiply(
            _kernels, _buffers.Normalized, _buffers.Inner, _shape.Inner, weights.MlpInBias.Floats, false,
            share.FirstInnerPanel, share.EndInnerPanel);
        var firstColumn = share.FirstInnerPanel * PackedMatrix.PanelRows;
        var columns = (share.EndInnerPanel - share.FirstInnerPanel) * PackedMatrix.PanelRows;
        for (var token = 0; token < plan.TokenCount; token++)
        {
            var inner = _buffers.Inner + ((long)token * _shape.Inner) + firstColumn;
            _kernels.GeluNew(inner, columns);
            _buffers.InnerTiles.Pack(token, firstColumn, inner, Math.Clamp(_config.InnerSize - firstColumn, 0, columns));
        }
    }

    // x += out_proj attention; x += fc_out activation + bias.
    private void AddBranches(LayerWeights weights, int thread)
    {
        var (first, end) = Share.Of(weights.AttentionOut.PanelCount, thread, _pool.Threads);
        weights.AttentionOut.Multiply(
            _kernels, _buffers.HeadTiles, _buffers.Residual, _shape.Embedding, null, true, first, end);
        weights.MlpOut.Multiply(
            _kernels, _buffers.InnerTiles, _buffers.Residual, _shape.Embedding, weights.MlpOutBias.Floats, true, first, end);
    }
}
