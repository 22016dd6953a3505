using Cottention.Inference.Runners;

namespace Cottention.Conformance;

/// <summary>Sizes that no runner takes.</summary>
public static class FaultySizes
{
    /// <summary>One fault each, on either side of what is allowed.</summary>
    public static IReadOnlyList<RunnerSizes> All { get; } =
    [
        new() { SlotCount = 0 },
        new() { SlotCount = 2_000_001 },
        new() { MaxRows = 0 },
        new() { MaxRows = 4097, MaxTokens = 65_536 },
        new() { MaxRows = 8, MaxTokens = 7 },
        new() { MaxTokens = 65_537 },
        new() { MaxProvisionalRows = -1 },
        new() { MaxProvisionalRows = 4097 },
        new() { MaxProvisionalTokens = 0 },
        new() { MaxProvisionalTokens = 65 },
    ];
}
