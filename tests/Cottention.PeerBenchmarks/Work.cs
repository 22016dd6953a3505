using Cottention.PeerBenchmarks.Gguf;

namespace Cottention.PeerBenchmarks;

/// <summary>What both sides do in a step.</summary>
/// <param name="Name">As the option <c>--work</c> calls it.</param>
/// <param name="Title">As the table calls it.</param>
/// <param name="Layout">The peer's model; null: the peer is our own runner at <see cref="Position"/>.</param>
/// <param name="Rows">Sessions.</param>
/// <param name="Position">Tokens that every session holds already.</param>
/// <param name="TokensPerRow">Tokens of a step and session; 1 is decode.</param>
internal sealed record Work(string Name, string Title, PeerLayout? Layout, int Rows, int Position, int TokensPerRow = 1)
{
    private const int ShortPosition = 128;

    /// <summary>Position of our side where the peer is ourselves at <see cref="Position"/>.</summary>
    public const long FarPosition = 1_000_000;

    /// <summary>Every kind of work, in the order of the table.</summary>
    public static IReadOnlyList<Work> All { get; } =
    [
        new("decode-1", "decode, batch 1, position 128", PeerLayout.Phi2, 1, ShortPosition),
        new("decode-8", "decode, batch 8, position 128", PeerLayout.Phi2, 8, ShortPosition),
        new("decode-32", "decode, batch 32, position 128", PeerLayout.Phi2, 32, ShortPosition),
        new("decode-1-at-32768", "decode, batch 1, position 32,768", PeerLayout.Phi2, 1, 32_768),
        new("decode-32-at-4096", "decode, batch 32, position 4,096", PeerLayout.Phi2, 32, 4096),
        new("rwkv7-1", "decode, batch 1, against RWKV-7", PeerLayout.Rwkv7, 1, ShortPosition),
        new("rwkv7-8", "decode, batch 8, against RWKV-7", PeerLayout.Rwkv7, 8, ShortPosition),
        new("rwkv7-32", "decode, batch 32, against RWKV-7", PeerLayout.Rwkv7, 32, ShortPosition),
        new("prefill-512", "prefill, 512 tokens", PeerLayout.Phi2, 1, 0, 512),
        new("own-1000000", "decode, batch 1, position 1,000,000 against ours at 128", null, 1, ShortPosition),
    ];

    /// <summary>Tokens of a step, all sessions together.</summary>
    public int TokensPerStep => Rows * TokensPerRow;

    /// <summary>Whether every step gives a session one token.</summary>
    public bool IsDecode => TokensPerRow == 1;
}
