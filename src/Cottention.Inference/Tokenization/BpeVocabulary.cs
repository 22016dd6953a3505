namespace Cottention.Inference.Tokenization;

/// <summary>
/// What a byte-level BPE consists of, read and checked, whatever it came from. Tokens are in the characters of <see cref="ByteAlphabet"/>.
/// </summary>
/// <param name="Tokens">[N]: text of each token that bytes or merges can make; null for control and dead tokens.</param>
/// <param name="Merges">Pairs in the order of their ranks.</param>
/// <param name="Control">Control tokens by what is written for them, such as <c>&lt;|endoftext|&gt;</c>.</param>
internal sealed record BpeVocabulary(
    string?[] Tokens, IReadOnlyList<BpeMerge> Merges, IReadOnlyDictionary<string, int> Control);
