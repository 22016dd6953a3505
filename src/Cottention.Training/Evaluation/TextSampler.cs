using Cottention.Torch;
using Cottention.Training.Data;
using Cottention.Training.Text;
using static TorchSharp.torch;

namespace Cottention.Training.Evaluation;

/// <summary>Lets a model write, token by token through its state.</summary>
internal sealed class TextSampler(CottentionModel model, CorpusTokenizer tokenizer)
{
    /// <summary>Continues a prompt until the end of text or the limit.</summary>
    /// <param name="prompt">Text before; empty for the end of text alone.</param>
    /// <param name="limit">Most tokens to write.</param>
    /// <param name="temperature">0 takes the likeliest token; otherwise logits are divided by it.</param>
    /// <param name="seed">Decides the draws.</param>
    /// <returns>The prompt and what follows it, without the end of text.</returns>
    public string Continue(string prompt, int limit, double temperature, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var inference = inference_mode();
        var tokens = new List<ushort>();
        tokenizer.Encode(prompt, tokens);
        long[] input = tokens.Count > 0 ? [.. tokens.Select(token => (long)token)] : [tokenizer.EndOfText];
        var written = input.Select(token => (int)token).Where(token => token != tokenizer.EndOfText).ToList();

        var state = model.ZeroState(1);
        for (var step = 0; step < limit; step++)
        {
            using var inner = NewDisposeScope();
            var (logits, after) = model.Run(tensor(input).unsqueeze(0), state, input.Length > 1 ? AttentionForm.Chunked : AttentionForm.Recurrent);
            state.Dispose();
            state = after.Detach();
            var next = Draw(logits[0, -1].cpu(), temperature, Chance.Unit(seed, (ulong)step, 0));
            if (next == tokenizer.EndOfText)
                break;
            written.Add(next);
            input = [next];
        }
        state.Dispose();
        return tokenizer.Decode([.. written]);
    }

    private static int Draw(Tensor logits, double temperature, double unit)
    {
        if (temperature == 0)
            return (int)logits.argmax().item<long>();
        var shares = (logits.to(ScalarType.Float64) / temperature).softmax(0).cumsum(0).data<double>();
        for (var token = 0; token < shares.Count; token++)
            if (shares[token] > unit)
                return token;
        return (int)shares.Count - 1;
    }
}
