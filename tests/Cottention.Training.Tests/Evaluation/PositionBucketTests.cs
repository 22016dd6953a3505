using Cottention.Conformance;
using Cottention.Training.Evaluation;

namespace Cottention.Training.Tests.Evaluation;

public sealed class PositionBucketTests
{
    [Fact]
    public void Bounds_UpTo64k_Double() => Assert.Equal(
        [
            (1, 128), (129, 256), (257, 512), (513, 1024), (1025, 2048), (2049, 4096), (4097, 8192), (8193, 16384), (16385, 32768), (32769, 65536),
        ],
        PositionBucket.Bounds(65536));

    [Theory]
    [InlineData(1)]
    [InlineData(128)]
    [InlineData(129)]
    [InlineData(1000)]
    public void Bounds_AnyEnd_CoverEveryPositionOnce(int longest) => Assert.Equal(
        Enumerable.Range(1, longest),
        PositionBucket.Bounds(longest).SelectMany(bounds => Enumerable.Range(bounds.First, bounds.Last - bounds.First + 1)));

    [Fact]
    public void Of_ThreeStreams_HasMeanAndStandardErrorOfTheirMeans()
    {
        // Positions 2 and 3; the means of the streams are 1, 2 and 6.
        double[][] losses = [[9, 1, 1, 9], [9, 0, 4, 9], [9, 7, 5, 9]];

        var bucket = PositionBucket.Of(2, 3, losses, bytes: 12);

        Assert.Equal((6, 18.0), (bucket.Tokens, bucket.TotalNats));
        Numerics.AssertClose(
            [3.0, Math.Exp(3.0), 18 / Math.Log(2) / 12, Math.Sqrt((4 + 1 + 9) / 2.0 / 3)],
            [bucket.Nats, bucket.Perplexity, bucket.BitsPerByte!.Value, bucket.StandardError!.Value],
            1e-12);
    }

    [Fact]
    public void Of_OneStream_HasNoStandardError() => Assert.Null(PositionBucket.Of(1, 2, [[1.0, 2.0]], bytes: 0).StandardError);
}
