namespace Cottention.Inference.Sampling;

/// <summary>
/// The chance of a session: 16 bytes, part of every snapshot, never changed by drawing.
/// What is drawn is a pure function of (seed, stream, position): it does not depend on the batch, the machine, or how
/// often the process was restarted. Philox4x32-10 with the seed as key and (position, stream) as counter.
/// </summary>
/// <param name="Seed">Any 64-bit number.</param>
/// <param name="Stream">Independent sequences of one seed; 0 unless a session branches its chance.</param>
public readonly record struct RandomState(ulong Seed, ulong Stream = 0)
{
    // A double has 53 bits of fraction.
    private const double TwoToMinus53 = 1.0 / (1L << 53);

    /// <summary>The draw that belongs to a position: uniform over [0, 1) in steps of 2^-53.</summary>
    /// <param name="position">Position in the session of the token to be sampled, in tokens.</param>
    public double Uniform(long position)
    {
        var (low, _) = Philox.Block(Seed, (ulong)position, Stream);
        return (low >> 11) * TwoToMinus53;
    }
}
