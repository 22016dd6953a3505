namespace Cottention.Inference.Runners;

/// <summary>
/// How a runner that draws picks the token from a row of logits: in this order top_k, softmax with the temperature, top_p, min_p, and
/// a draw over what is left in the order of ids. The exact sampler in Sampling defines each. <c>default</c> is no draw.
/// </summary>
/// <param name="Uniform">The session's chance at the token's position, over [0, 1).</param>
/// <param name="TopP">Probability kept; 1 is all.</param>
/// <param name="MinP">Least fraction of the best token's probability; 0 keeps all.</param>
/// <param name="Temperature">Divides the logits; 0 takes the best token, ties to the lowest id.</param>
/// <param name="TopK">Tokens kept; 0 is all.</param>
/// <param name="Live">Ids from here on belong to no token and are never drawn: 1 to N.</param>
public readonly record struct RowDraw(double Uniform, double TopP, double MinP, float Temperature, int TopK, int Live)
{
    /// <summary>Whether a token is to be drawn.</summary>
    public bool IsWanted => Live > 0;
}
