using System.Text;
using Cottention.Inference.Model;

namespace Cottention.Inference.Tests.Model;

/// <summary>Damaged files never get anything but a refusal, nor memory out of proportion to their size.</summary>
public sealed class SafetensorsFuzzTests : IDisposable
{
    private const int Headers = 100_000;
    private const int Files = 2_000;

    /// <summary>What a refusal may allocate by itself: the exceptions and their messages.</summary>
    private const int FixedBytes = 64 * 1024;

    /// <summary>Managed bytes allowed for each byte of the header.</summary>
    private const int BytesPerHeaderByte = 40;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Parse_100000MutatedHeaders_OnlyRefusesAndStaysSmall()
    {
        var accepted = 0;
        for (var seed = 0; seed < Headers; seed++)
        {
            var random = new Random(seed);
            var (header, dataLength) = HeaderMutations.Generate(random);

            var before = GC.GetAllocatedBytesForCurrentThread();
            accepted += Accepts(header, dataLength, seed) ? 1 : 0;
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

            Assert.True(allocated <= FixedBytes + BytesPerHeaderByte * header.Length,
                $"seed {seed}: {allocated} bytes allocated for a header of {header.Length}");
        }

        // Mutations that all fail early, or never, would test little.
        Assert.InRange(accepted, Headers / 100, Headers / 2);
    }

    [Fact]
    public void Open_MutatedFiles_OnlyRefuses()
    {
        var path = _folder.File("x.safetensors");
        for (var seed = 0; seed < Files; seed++)
        {
            var random = new Random(seed);
            var (header, dataLength) = HeaderMutations.Generate(random);
            var file = RawSafetensors.File(header, new byte[dataLength], random.Next(4) == 0 ? random.NextInt64() >> random.Next(64) : null);
            File.WriteAllBytes(path, file[..(random.Next(4) == 0 ? random.Next(file.Length) : file.Length)]);

            try
            {
                using var opened = SafetensorsFile.Open(path);
                foreach (var tensor in opened.Tensors)
                    Assert.Equal(tensor.ByteLength, opened.Bytes(tensor).Length);
            }
            catch (InferenceException e)
            {
                AssertRefusal(e, seed, path);
            }
        }
    }

    private static bool Accepts(byte[] bytes, long dataLength, int seed)
    {
        try
        {
            var header = SafetensorsHeader.Parse("f", bytes, dataLength);
            var end = 0L;
            foreach (var tensor in header.Tensors)
            {
                Assert.Equal(end, tensor.Offset);
                end += tensor.ByteLength;
            }
            Assert.Equal(dataLength, end);
            return true;
        }
        catch (InferenceException e)
        {
            AssertRefusal(e, seed, "f");
            return false;
        }
    }

    private static void AssertRefusal(InferenceException e, int seed, string file)
    {
        Assert.Equal(InferenceError.InvalidModel, e.Error);
        Assert.StartsWith(file + ": ", e.Message);
        Assert.True(e.Message.Length < file.Length + 1000, $"seed {seed}: {e.Message}");
        Assert.False(e.Message.Any(char.IsControl), $"seed {seed}: {e.Message}");
        // Every message must survive being written out.
        _ = new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(e.Message);
    }
}
