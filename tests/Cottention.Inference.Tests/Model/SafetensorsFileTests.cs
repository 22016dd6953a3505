using System.Diagnostics;
using System.Text.Json;
using Cottention.Conformance;
using Cottention.Inference.Model;

namespace Cottention.Inference.Tests.Model;

public sealed class SafetensorsFileTests : IDisposable
{
    private const string Pair =
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_EveryGoldenFile_AgreesWithTheManifest()
    {
        using var manifest = JsonDocument.Parse(File.ReadAllBytes(Fixtures.Path("golden", "manifest.json")));
        var compared = 0;

        foreach (var file in manifest.RootElement.GetProperty("files").EnumerateObject())
        {
            using var opened = SafetensorsFile.Open(Fixtures.Path(["golden", .. file.Name.Split('/')]));
            Assert.Equal(file.Value.EnumerateObject().Select(t => t.Name).Order(), opened.Tensors.Select(t => t.Name).Order());
            foreach (var expected in file.Value.EnumerateObject())
            {
                AssertAgrees(expected, opened);
                compared++;
            }
        }

        Assert.True(compared > 200, $"compared {compared} tensors");
    }

    [Fact]
    public void Open_WrittenFile_GivesBackWhatWasWritten()
    {
        var path = _folder.File("a.safetensors");
        SafetensorsWriter.Write(
            path,
            [
                new TensorToWrite("b", SafetensorsDtype.U8, [3], new byte[] { 1, 2, 3 }),
                new TensorToWrite("a\u00e9\"\\", SafetensorsDtype.F64, [], BitConverter.GetBytes(0.1)),
                new TensorToWrite("none", SafetensorsDtype.I64, [0, 5], Array.Empty<byte>()),
            ],
            new Dictionary<string, string> { ["k"] = "v" });

        using var file = SafetensorsFile.Open(path);

        Assert.Equal(["a\u00e9\"\\", "none", "b"], file.Tensors.Select(t => t.Name));
        Assert.Equal("v", file.Metadata["k"]);
        Assert.Equal([1, 2, 3], file.Bytes(file.Find("b")!).ToArray());
        Assert.Equal([2], file.Bytes(file.Find("b")!, 1, 1).ToArray());
        Assert.Equal(0.1, BitConverter.ToDouble(file.Bytes(file.Find("a\u00e9\"\\")!)));
        Assert.Equal(1, file.Find("a\u00e9\"\\")!.ElementCount);
        Assert.Equal(0, file.Bytes(file.Find("none")!).Length);
        Assert.Null(file.Find("c"));
    }

    [Fact]
    public void Open_UnpaddedHeader_AcceptsUnalignedTensors()
    {
        var path = Write(RawSafetensors.File(
            """{"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 5));

        using var file = SafetensorsFile.Open(path);

        Assert.Equal(["a", "b"], file.Tensors.Select(t => t.Name));
        Assert.Equal(4, file.Bytes(file.Find("b")!).Length);
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 4)]
    [InlineData(3, 1)]
    [InlineData(0, -1)]
    public void Bytes_RangeOutsideTheTensor_Throws(long offset, int count)
    {
        using var file = SafetensorsFile.Open(Write(RawSafetensors.File(Pair, 11)));

        Assert.Throws<ArgumentOutOfRangeException>(() => file.Bytes(file.Find("b")!, offset, count).Length);
    }

    [Fact]
    public void Bytes_TensorOfAnotherFile_Throws()
    {
        using var file = SafetensorsFile.Open(Write(RawSafetensors.File(Pair, 11)));

        Assert.Throws<ArgumentException>(
            () => file.Bytes(new TensorInfo("b", SafetensorsDtype.U8, [9], 8, 9)).Length);
    }

    [Fact]
    public void Bytes_AfterDispose_Throws()
    {
        var file = SafetensorsFile.Open(Write(RawSafetensors.File(Pair, 11)));
        file.Dispose();
        file.Dispose();

        Assert.Throws<ObjectDisposedException>(() => file.Bytes(file.Find("b")!).Length);
    }

    [Theory]
    [InlineData(3, "has 3 bytes; a safetensors file has at least 8")]
    [InlineData(0, "is empty (0 bytes) or no regular file")]
    public void Open_FileShorterThanTheLengthField_IsRefused(int length, string reason) =>
        AssertRefused(new byte[length], reason);

    [Theory]
    [InlineData(100, "the header's length is 100 bytes; the file has 20 after that field")]
    [InlineData(100_000_001, "the header's length is 100000001 bytes; allowed: up to 100000000")]
    [InlineData(-1, "the header's length is 18446744073709551615 bytes; allowed: up to 100000000")]
    [InlineData(long.MinValue, "the header's length is 9223372036854775808 bytes; allowed: up to 100000000")]
    public void Open_HeaderLengthOverTheFile_IsRefused(long headerLength, string reason) =>
        AssertRefused(RawSafetensors.File(new string(' ', 20), 0, headerLength), reason);

    [Fact]
    public void Open_TruncatedData_IsRefused() =>
        AssertRefused(
            RawSafetensors.File(Pair, 10),
            "tensor 'b': data_offsets end at 11; the file has 10 bytes of data (truncated?)");

    [Fact]
    public void Open_TrailingData_IsRefused() =>
        AssertRefused(RawSafetensors.File(Pair, 12), "the file has 12 bytes of data; its tensors end at 11");

    [Fact]
    public void Open_AbsentFile_IsRefused()
    {
        var path = _folder.File("none.safetensors");

        var error = Assert.Throws<InferenceException>(() => SafetensorsFile.Open(path));

        Assert.Equal(InferenceError.InvalidModel, error.Error);
        Assert.Equal($"{path}: there is no such file", error.Message);
    }

    [Fact]
    public void Open_Folder_IsRefused()
    {
        var error = Assert.Throws<InferenceException>(() => SafetensorsFile.Open(_folder.Path));

        Assert.Equal($"{_folder.Path}: is a folder, not a file", error.Message);
    }

    [Fact]
    public void Open_LinkToAFile_IsFollowed()
    {
        var link = _folder.File("link.safetensors");
        File.CreateSymbolicLink(link, Write(RawSafetensors.File(Pair, 11)));

        using var file = SafetensorsFile.Open(link);

        Assert.Equal(2, file.Tensors.Count);
    }

    [Fact]
    public void Open_LinkToNothing_IsRefused()
    {
        var link = _folder.File("link.safetensors");
        File.CreateSymbolicLink(link, _folder.File("gone"));

        var error = Assert.Throws<InferenceException>(() => SafetensorsFile.Open(link));

        Assert.Equal($"{link}: there is no such file", error.Message);
    }

    [Fact]
    public void Open_LinkToItself_IsRefused()
    {
        var link = _folder.File("loop.safetensors");
        File.CreateSymbolicLink(link, link);

        var error = Assert.Throws<InferenceException>(() => SafetensorsFile.Open(link));

        Assert.StartsWith($"{link}: ", error.Message);
    }

    [Fact]
    public void Open_PipeOrDevice_IsRefusedWithoutOpeningIt()
    {
        if (!OperatingSystem.IsLinux())
            return;
        var pipe = _folder.File("pipe.safetensors");
        using (var mkfifo = Process.Start("mkfifo", [pipe]))
            mkfifo.WaitForExit();

        foreach (var path in new[] { pipe, "/dev/zero" })
        {
            var error = Assert.Throws<InferenceException>(() => SafetensorsFile.Open(path));
            Assert.Equal($"{path}: is empty (0 bytes) or no regular file", error.Message);
        }
    }

    private string Write(byte[] bytes)
    {
        var path = _folder.File("x.safetensors");
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private void AssertRefused(byte[] bytes, string reason)
    {
        var path = Write(bytes);

        var error = Assert.Throws<InferenceException>(() => SafetensorsFile.Open(path));

        Assert.Equal(InferenceError.InvalidModel, error.Error);
        Assert.Equal($"{path}: {reason}", error.Message);
    }

    private static void AssertAgrees(JsonProperty expected, SafetensorsFile file)
    {
        var tensor = file.Find(expected.Name)!;
        Assert.Equal(expected.Value.GetProperty("dtype").GetString(), tensor.Dtype.FormatName());
        Assert.Equal(Numbers(expected.Value.GetProperty("shape")), tensor.Shape.Select(size => (double)size));
        var values = TensorValues.ToDoubles(tensor.Dtype, file.Bytes(tensor));
        AssertSum(expected.Name, TensorValues.ReadNumber(expected.Value.GetProperty("sum")), values.Sum(), values.Sum(Math.Abs));
        AssertSum(expected.Name, TensorValues.ReadNumber(expected.Value.GetProperty("abs_sum")), values.Sum(Math.Abs), values.Sum(Math.Abs));
        Assert.Equal(Numbers(expected.Value.GetProperty("first")), values.Take(4));
        Assert.Equal(Numbers(expected.Value.GetProperty("last")), values.TakeLast(4));
    }

    /// <summary>Both sums add the same numbers, perhaps in another order.</summary>
    private static void AssertSum(string name, double expected, double actual, double size)
    {
        if (double.IsInfinity(expected))
            Assert.Equal(expected, actual);
        else
            Numerics.AssertClose([expected], [actual], 1e-12 * size, name);
    }

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(TensorValues.ReadNumber)];
}
