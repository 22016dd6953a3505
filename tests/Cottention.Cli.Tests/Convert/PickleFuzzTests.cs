using System.IO.Compression;
using Cottention.Cli.Convert;
using Cottention.Conformance;
using Cottention.Inference;

namespace Cottention.Cli.Tests.Convert;

/// <summary>Damaged PyTorch files never get anything but a refusal, nor memory out of proportion to their size.</summary>
[Trait("Category", "Long")]
public sealed class PickleFuzzTests : IDisposable
{
    private const int Pickles = 20_000;
    private const int Files = 1_000;

    /// <summary>What a refusal may allocate by itself: the exceptions and their messages.</summary>
    private const int FixedBytes = 64 * 1024;

    /// <summary>Managed bytes allowed for each byte of the pickle.</summary>
    private const int BytesPerPickleByte = 600;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("edge_zip.bin")]
    [InlineData("nested.bin")]
    public void Load_MutatedPickles_OnlyRefusesAndStaysSmall(string file)
    {
        var whole = ReadPickle(Fixtures.Path("golden", "io_edge", file));
        RestrictedUnpickler.Load("f", whole);
        var accepted = 0;
        for (var seed = 0; seed < Pickles; seed++)
        {
            var pickle = Mutate(new Random(seed), whole);

            var before = GC.GetAllocatedBytesForCurrentThread();
            accepted += Accepts(() => RestrictedUnpickler.Load("f", pickle), seed) ? 1 : 0;
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;

            Assert.True(allocated <= FixedBytes + BytesPerPickleByte * pickle.Length, $"seed {seed}: {allocated} bytes for {pickle.Length}");
        }

        // Mutations that all fail early, or never, would test little.
        Assert.InRange(accepted, Pickles / 100, Pickles / 2);
    }

    [Theory]
    [InlineData("edge_zip.bin")]
    [InlineData("edge_legacy.bin")]
    public void Open_MutatedFiles_OnlyRefuses(string file)
    {
        var whole = File.ReadAllBytes(Fixtures.Path("golden", "io_edge", file));
        var path = _folder.File("x.bin");
        for (var seed = 0; seed < Files; seed++)
        {
            File.WriteAllBytes(path, Mutate(new Random(seed), whole));

            Accepts(() => ReadAll(path), seed);
        }
    }

    private static void ReadAll(string path)
    {
        using var source = ConversionSource.Open(path, null);
        _ = new ModelConversion(source, DtypeChoice.Keep);
        foreach (var (file, tensor) in source.Tensors.Values)
        {
            var bytes = 0L;
            new TensorSource(file, tensor).Read(elements => bytes += elements.Length);
            Assert.Equal(tensor.ByteLength, bytes);
        }
    }

    private static bool Accepts(Action read, int seed)
    {
        try
        {
            read();
            return true;
        }
        catch (InferenceException e)
        {
            Assert.Equal(InferenceError.InvalidModel, e.Error);
            Assert.False(e.Message.Any(char.IsControl), $"seed {seed}: {e.Message}");
            Assert.True(e.Message.Length < 2000, $"seed {seed}: {e.Message}");
            return false;
        }
    }

    private static byte[] Mutate(Random random, byte[] whole)
    {
        var bytes = whole.ToList();
        for (var i = 1 + random.Next(3); i > 0; i--)
        {
            var at = random.Next(bytes.Count);
            var length = Math.Min(random.Next(12), bytes.Count - at);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 1:
                    bytes[at] = (byte)"(})]tRQsuaebN.Xqhcr\u0085\u0086\u0087KMJG"[random.Next(26)];
                    break;
                case 2:
                    bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length));
                    break;
                case 3:
                    bytes.RemoveRange(at, length);
                    break;
                default:
                    bytes[at] = (byte)(random.Next(2) * 255);
                    break;
            }
        }
        return [.. bytes];
    }

    private static byte[] ReadPickle(string path)
    {
        using var archive = ZipFile.OpenRead(path);
        using var stream = archive.Entries.Single(e => e.Name == "data.pkl").Open();
        using var pickle = new MemoryStream();
        stream.CopyTo(pickle);
        return pickle.ToArray();
    }
}
