using Cottention.Inference.Model;
using Cottention.Inference.Tokenization;

namespace Cottention.Inference.Engine;

/// <summary>A loaded checkpoint without its weights, which the runner holds. Immutable.</summary>
/// <param name="Name">Name shown to callers: the folder's name unless configured.</param>
/// <param name="Config">The model's numbers.</param>
/// <param name="Tokenizer">Text to tokens and back.</param>
/// <param name="Fingerprint">SHA-256 of the checkpoint in lower-case hexadecimal; a session continues only on the same one.</param>
/// <param name="ChatFormat">How conversations are written for it; null (default) when it is not meant for any.</param>
public sealed record LoadedModel(string Name, ModelConfig Config, TextTokenizer Tokenizer, string Fingerprint, ChatFormat? ChatFormat = null);
