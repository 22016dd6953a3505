namespace Cottention.Inference.Tokenization;

/// <summary>Two neighbouring tokens that become one.</summary>
internal readonly record struct BpeMerge(int Left, int Right, int Result);
