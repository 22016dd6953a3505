using System.Text;
using Cottention.Inference.Model;

namespace Cottention.Inference.Tests.Model;

public class SafetensorsHeaderTests
{
    private const string NoJson = "the header is not valid JSON: ";

    [Fact]
    public void Parse_WellFormed_SortsByOffset()
    {
        var header = Parse(
            """
            {"b":{"data_offsets":[4,8],"shape":[1],"dtype":"F32"},"empty":{"dtype":"F32","shape":[0,3],"data_offsets":[4,4]},
             "__metadata__":{"format":"pt"},"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}
            """, 8);

        Assert.Equal(["a", "empty", "b"], header.Tensors.Select(t => t.Name));
        Assert.Equal("pt", header.Metadata["format"]);
    }

    [Fact]
    public void Parse_NoTensorsAndNoData_IsAccepted() => Assert.Empty(Parse("{}  ", 0).Tensors);

    [Theory]
    // Offsets against each other and against the file.
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}}""", 7,
        "tensor 'b': data_offsets begin at 3, inside tensor 'a', which ends at 4")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 4,
        "tensor 'b': data_offsets begin at 0, inside tensor 'a', which ends at 4")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[5,9]}}""", 9,
        "tensor 'b': data_offsets begin at 5; bytes 4 to 5 belong to no tensor")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[1,5]}}""", 5,
        "tensor 'a': data_offsets begin at 1; bytes 0 to 1 belong to no tensor")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 3,
        "tensor 'a': data_offsets end at 4; the file has 3 bytes of data (truncated?)")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 9, "the file has 9 bytes of data; its tensors end at 4")]
    [InlineData("{}", 1, "the file has 1 bytes of data; its tensors end at 0")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}}""", 4,
        "tensor 'a': data_offsets are [4, 0]; allowed: a begin and an end not before it")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[4]}}""", 4,
        "tensor 'a': data_offsets are [4]; allowed: a begin and an end not before it")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4,8]}}""", 8, "tensor 'a': data_offsets has more than 2 numbers")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[9223372036854775803,9223372036854775807]}}""", 4,
        "tensor 'a': data_offsets end at 9223372036854775807; the file has 4 bytes of data (truncated?)")]
    // Offsets against shape and type.
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,7]}}""", 7,
        "tensor 'a': data_offsets hold 7 bytes; F32 [2] needs 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2,0],"data_offsets":[0,8]}}""", 8,
        "tensor 'a': data_offsets hold 8 bytes; F32 [2, 0] needs 0")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0,
        "tensor 'a': shape [4294967296, 4294967296] asks for more than 2^63 - 1 bytes")]
    [InlineData("""{"a":{"dtype":"F64","shape":[1152921504606846976],"data_offsets":[0,0]}}""", 0,
        "tensor 'a': shape [1152921504606846976] asks for more than 2^63 - 1 bytes")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}""", 0,
        "tensor 'a': shape [4294967296, 4294967296, 0] asks for more than 2^63 - 1 bytes")]
    public void Parse_WrongOffsets_IsRefused(string json, int dataLength, string reason) => AssertRefused(json, dataLength, reason);

    [Theory]
    [InlineData("""{"a":{"dtype":"F31","shape":[],"data_offsets":[0,4]}}""",
        "tensor 'a': dtype is 'F31'; allowed: BOOL, U8, I8, F8_E5M2, F8_E4M3, I16, U16, F16, BF16, I32, U32, F32, I64, U64, F64")]
    [InlineData("""{"a":{"dtype":"f32","shape":[],"data_offsets":[0,4]}}""",
        "tensor 'a': dtype is 'f32'; allowed: BOOL, U8, I8, F8_E5M2, F8_E4M3, I16, U16, F16, BF16, I32, U32, F32, I64, U64, F64")]
    [InlineData("""{"a":{"dtype":32,"shape":[],"data_offsets":[0,4]}}""", "tensor 'a': dtype is 32; allowed: a string")]
    [InlineData("""{"a":{"dtype":null,"shape":[],"data_offsets":[0,4]}}""", "tensor 'a': dtype is null; allowed: a string")]
    [InlineData("""{"a":{"dtype":"F32","shape":4,"data_offsets":[0,4]}}""", "tensor 'a': shape is 4; allowed: an array")]
    [InlineData("""{"a":{"dtype":"F32","shape":{"0":4},"data_offsets":[0,4]}}""", "tensor 'a': shape is an object; allowed: an array")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""",
        "tensor 'a': shape holds -1; allowed: whole numbers from 0 to 2^63 - 1")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""",
        "tensor 'a': shape holds 1.5; allowed: whole numbers from 0 to 2^63 - 1")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1e3],"data_offsets":[0,4]}}""",
        "tensor 'a': shape holds 1e3; allowed: whole numbers from 0 to 2^63 - 1")]
    [InlineData("""{"a":{"dtype":"F32","shape":[true],"data_offsets":[0,4]}}""",
        "tensor 'a': shape holds true; allowed: whole numbers from 0 to 2^63 - 1")]
    [InlineData("""{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}""",
        "tensor 'a': shape holds a string; allowed: whole numbers from 0 to 2^63 - 1")]
    [InlineData("""{"a":{"dtype":"F32","shape":[],"data_offsets":[-4,0]}}""",
        "tensor 'a': data_offsets holds -4; allowed: whole numbers from 0 to 2^63 - 1")]
    [InlineData("""{"a":{"dtype":"F32","shape":[],"data_offsets":[0,9223372036854775808]}}""",
        "tensor 'a': data_offsets holds 9223372036854775808; allowed: whole numbers from 0 to 2^63 - 1")]
    [InlineData("""{"a":{"dtype":"F32","shape":[],"data_offsets":"0,4"}}""", "tensor 'a': data_offsets is a string; allowed: an array")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}""",
        "tensor 'a': shape has more than 32 numbers")]
    [InlineData("""{"a":{"shape":[],"data_offsets":[0,4]}}""", "tensor 'a': dtype is missing")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,4]}}""", "tensor 'a': shape is missing")]
    [InlineData("""{"a":{"dtype":"F32","shape":[]}}""", "tensor 'a': data_offsets is missing")]
    [InlineData("""{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"x":1}}""",
        "tensor 'a': has 'x'; allowed: dtype, shape, data_offsets")]
    [InlineData("""{"a":7}""", "tensor 'a': its entry is 7; allowed: an object")]
    [InlineData("""{"a":[]}""", "tensor 'a': its entry is an array; allowed: an object")]
    public void Parse_WrongEntry_IsRefused(string json, string reason) => AssertRefused(json, 4, reason);

    [Theory]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}""",
        "tensor 'a': is in the header twice")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}}""",
        "tensor 'a': is in the header twice")]
    [InlineData("""{"a":{"dtype":"U8","dtype":"F32","shape":[4],"data_offsets":[0,4]}}""", "tensor 'a': dtype is given twice")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"shape":[4],"data_offsets":[0,4]}}""", "tensor 'a': shape is given twice")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4],"data_offsets":[0,4]}}""", "tensor 'a': data_offsets is given twice")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", "__metadata__ is in the header twice")]
    [InlineData("""{"__metadata__":{"k":"1","k":"2"}}""", "__metadata__ has 'k' twice")]
    public void Parse_DuplicateKeys_IsRefused(string json, string reason) => AssertRefused(json, 4, reason);

    [Theory]
    [InlineData("""{"__metadata__":[]}""", "__metadata__ is an array; allowed: an object of strings")]
    [InlineData("""{"__metadata__":null}""", "__metadata__ is null; allowed: an object of strings")]
    [InlineData("""{"__metadata__":{"k":1}}""", "__metadata__ 'k' is 1; allowed: a string")]
    [InlineData("""[]""", "the header is an array; allowed: an object")]
    [InlineData("""null""", "the header is null; allowed: an object")]
    [InlineData("""7""", "the header is 7; allowed: an object")]
    public void Parse_WrongKindOfJson_IsRefused(string json, string reason) => AssertRefused(json, 0, reason);

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("{")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}} x""")]
    [InlineData("""{}{}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[04],"data_offsets":[0,4]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[NaN],"data_offsets":[0,4]}}""")]
    [InlineData("""{"a":{"dtype":"U8","shape":[[[[4]]]],"data_offsets":[0,4]}}""")]
    [InlineData("""{/* comment */}""")]
    [InlineData("\0\0\0\0")]
    [InlineData("{}\0")]
    public void Parse_NoJson_IsRefused(string json)
    {
        var error = Refuse(Encoding.UTF8.GetBytes(json), 4);

        Assert.StartsWith("f: " + NoJson, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Parse_DeepNesting_IsRefused()
    {
        var error = Refuse(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("""{"a":""", 100_000))), 0);

        Assert.StartsWith("f: tensor 'a': has 'a'; allowed:", error.Message);
    }

    [Theory]
    [InlineData("{\"\u00ff\":{}}", "f: a key of the header is not valid Unicode")]
    [InlineData("{\"\\ud800\":{}}", "f: a key of the header is not valid Unicode")]
    [InlineData("{\"a\":{\"dtype\":\"\u00ff\"}}", "f: tensor 'a': dtype is not valid Unicode")]
    public void Parse_InvalidUnicode_IsRefused(string latin1, string message) =>
        Assert.Equal(message, Refuse(Encoding.Latin1.GetBytes(latin1), 0).Message);

    [Fact]
    public void Parse_NameWithControlCharacters_IsShownInOneLine() =>
        Assert.Equal(
            "f: tensor 'a\\u000Ab\\u001B[31m\\u2028': its entry is 7; allowed: an object",
            Refuse(Encoding.UTF8.GetBytes("""{"a\nb\u001b[31m\u2028":7}"""), 0).Message);

    [Fact]
    public void Parse_LongName_IsShownShort() =>
        Assert.Equal(
            $"f: tensor '{new string('a', 120)}...': its entry is 7; allowed: an object",
            Refuse(Encoding.UTF8.GetBytes($$"""{"{{new string('a', 1000)}}":7}"""), 0).Message);

    private static SafetensorsHeader Parse(string json, long dataLength) =>
        SafetensorsHeader.Parse("f", Encoding.UTF8.GetBytes(json), dataLength);

    private static void AssertRefused(string json, long dataLength, string reason) =>
        Assert.Equal("f: " + reason, Refuse(Encoding.UTF8.GetBytes(json), dataLength).Message);

    private static InferenceException Refuse(byte[] json, long dataLength)
    {
        var error = Assert.Throws<InferenceException>(() => SafetensorsHeader.Parse("f", json, dataLength));

        Assert.Equal(InferenceError.InvalidModel, error.Error);
        return error;
    }
}
