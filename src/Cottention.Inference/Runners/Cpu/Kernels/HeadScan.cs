namespace Cottention.Inference.Runners.Cpu.Kernels;

/// <summary>The tokens of one row through one head: the recurrence, token after token.</summary>
internal unsafe struct HeadScan
{
    /// <summary>First token's query [Kp], key [Kp] and value [Kp], one after the other; 0 from K on.</summary>
    public float* QueryKeyValue;

    /// <summary>Floats from one token's query to the next's.</summary>
    public long QueryStride;

    /// <summary>First token's output [Kp].</summary>
    public float* Output;

    /// <summary>Floats from one token's output to the next's.</summary>
    public long OutputStride;

    /// <summary>[K, Kp]: key-major, so that update and read-out need no sums across lanes.</summary>
    public float* State;

    /// <summary>[tokens, Kp]: cosine of each component's angle; 1 where nothing rotates.</summary>
    public float* Cosines;

    /// <summary>[tokens, Kp]: sine of each component's angle, negative for the even one of a pair; 0 where nothing rotates.</summary>
    public float* Sines;

    /// <summary>[tokens]: natural logarithm of position + 1.</summary>
    public double* LogCounts;

    /// <summary>Sigmoid of the head's norm_const.</summary>
    public double Sigma;

    /// <summary>Tokens of the row.</summary>
    public int Tokens;

    /// <summary>K.</summary>
    public int HeadDim;

    /// <summary>Kp: K up to a multiple of 16.</summary>
    public int PaddedHeadDim;

    /// <summary>[2 * Kp], the calling thread's own.</summary>
    public float* Scratch;

    /// <summary>[pending, 2, Kp]: unit keys and scaled values that the state consumes before the row's tokens.</summary>
    public float* Pending;

    /// <summary>Tokens of <see cref="Pending"/>.</summary>
    public int PendingTokens;

    /// <summary>[tokens, 2, Kp]: gets the unit keys and scaled values of a provisional row; null for any other. May be where Pending is.</summary>
    public float* Tail;

    /// <summary>[K, Kp], the calling thread's own: what a provisional row changes in the state's stead.</summary>
    public float* StateCopy;
}
