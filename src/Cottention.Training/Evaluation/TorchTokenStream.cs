using Cottention.Torch;
using static TorchSharp.torch;

namespace Cottention.Training.Evaluation;

/// <summary>The Torch module as it is trained, in its chunked form.</summary>
internal sealed class TorchTokenStream : ITokenStream
{
    private readonly CottentionModel _model;
    private ModelState _state;
    private ModelState _mark;

    /// <summary>A stream at position 0.</summary>
    /// <param name="model">The model, which it then owns.</param>
    /// <param name="maxTokens">Most tokens of a call.</param>
    public TorchTokenStream(CottentionModel model, int maxTokens)
    {
        _model = model;
        MaxTokens = maxTokens;
        _state = Zero();
        _mark = Zero();
    }

    /// <inheritdoc/>
    public string Runner => "torch";

    /// <inheritdoc/>
    public int VocabularySize => _model.Config.VocabularySize;

    /// <inheritdoc/>
    public int MaxTokens { get; }

    /// <inheritdoc/>
    public void Reset() => Replace(ref _state, Zero());

    /// <inheritdoc/>
    public void Read(ReadOnlySpan<int> tokens, Span<float> logits)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var ids = new long[tokens.Length];
        for (var i = 0; i < ids.Length; i++)
            ids[i] = tokens[i];
        var (scores, after) = _model.Run(tensor(ids).unsqueeze(0), _state, AttentionForm.Chunked);
        Replace(ref _state, after.Detach());
        var wanted = logits.Length / VocabularySize;
        if (wanted > 0)
            scores[0].narrow(0, ids.Length - wanted, wanted).contiguous().data<float>().CopyTo(logits);
    }

    /// <inheritdoc/>
    public void Mark() => Replace(ref _mark, _state.Detach());

    /// <inheritdoc/>
    public void Return() => Replace(ref _state, _mark.Detach());

    /// <inheritdoc/>
    public void Dispose()
    {
        _state.Dispose();
        _mark.Dispose();
        _model.Dispose();
    }

    private ModelState Zero()
    {
        using var scope = NewDisposeScope();
        return _model.ZeroState(1).Detach();
    }

    private static void Replace(ref ModelState state, ModelState next)
    {
        state.Dispose();
        state = next;
    }
}
