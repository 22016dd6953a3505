using Cottention.Training.Data;

namespace Cottention.Training.Evaluation.Recall;

/// <summary>One thing to recall.</summary>
/// <param name="Plant">Tokens that are planted.</param>
/// <param name="AfterValue">Tokens of the plant after the value, the one to be recalled.</param>
/// <param name="Query">Tokens after which the value is asked for.</param>
/// <param name="Candidates">Tokens that the value is told from, itself among them.</param>
/// <param name="Right">Which candidate is the value.</param>
/// <param name="Other">Which candidate is planted in its place to compare with.</param>
internal sealed record RecallTrial(int[] Plant, int AfterValue, int[] Query, int[] Candidates, int Right, int Other)
{
    /// <summary>The value.</summary>
    public int Value => Candidates[Right];

    /// <summary>The plant with the other candidate in the value's place.</summary>
    public int[] OtherPlant => [.. Plant[..^(AfterValue + 1)], Candidates[Other], .. Plant[^AfterValue..]];

    /// <summary>Draws value and other candidate.</summary>
    /// <param name="count">Candidates.</param>
    /// <param name="seed">Decides with the number what is drawn.</param>
    /// <param name="number">Number of the trial.</param>
    public static (int Right, int Other) DrawValues(int count, ulong seed, int number)
    {
        var right = Chance.Below(count, seed, (ulong)number, (ulong)RecallDraw.Right);
        var other = Chance.Below(count - 1, seed, (ulong)number, (ulong)RecallDraw.Other);
        return (right, other < right ? other : other + 1);
    }

    /// <summary>Tokens of filler between plant and query for a distance from the value to where it is asked for; below 0 where that is too near.</summary>
    public int Filler(int distance) => distance - 1 - AfterValue - Query.Length;
}
