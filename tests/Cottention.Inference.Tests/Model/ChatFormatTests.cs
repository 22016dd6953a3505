using System.Text;
using CsCheck;
using Cottention.Conformance;
using Cottention.Inference.Model;

namespace Cottention.Inference.Tests.Model;

public sealed class ChatFormatTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_ShippedModel_HasTurnsAndAStop()
    {
        var format = ChatFormat.Read(Path.Combine(Fixtures.RepositoryRoot, "deploy", "models", "cottention-stories"));

        Assert.Equal(("User: {user}\nAssistant:", "\nUser: {user}\nAssistant:"), (format?.FirstTurn, format?.NextTurn));
        Assert.Equal(["\nUser:"], format?.Stop);
    }

    [Fact]
    public void Read_NoFile_IsNull() => Assert.Null(ChatFormat.Read(Fixtures.Path("tiny-model")));

    [Fact]
    public void Parse_KeyItDoesNotKnow_IsIgnored() =>
        Assert.Equal("{user}", Parse("""{"first_turn":"{user}","next_turn":"-{user}","later":1}""").FirstTurn);

    [Fact]
    public void Parse_NoStop_IsAnEmptyList() => Assert.Empty(Parse("""{"first_turn":"{user}","next_turn":"{user}"}""").Stop);

    [Theory]
    [InlineData("[]", "is a JSON Array; allowed: an object")]
    [InlineData("""{"first_turn":"{user}"}""", "next_turn is missing; allowed: a string")]
    [InlineData("""{"first_turn":7,"next_turn":"{user}"}""", "first_turn is 7; allowed: a string")]
    [InlineData("""{"first_turn":"hello","next_turn":"{user}"}""", "first_turn holds {user} 0 times; allowed: once")]
    [InlineData("""{"first_turn":"{user}","next_turn":"{user}{user}"}""", "next_turn holds {user} 2 times; allowed: once")]
    [InlineData("""{"first_turn":"{user}","next_turn":"{user}","stop":"x"}""", "stop is \"x\"; allowed: a list of strings")]
    [InlineData("""{"first_turn":"{user}","next_turn":"{user}","stop":[1]}""", "stop is [1]; allowed: a list of strings")]
    [InlineData("""{"first_turn":"{user}","next_turn":"{user}","stop":[""]}""", "stop holds a string of 0 bytes; allowed: 1 to 256")]
    [InlineData("""{"first_turn":"{user}","next_turn":"{user}","stop":["a","a","a","a","a","a","a","a","a"]}""", "stop has 9 entries; allowed: 0 to 8")]
    [InlineData("""{"first_turn":"{user}","first_turn":"{user}","next_turn":"{user}"}""", "is not valid JSON")]
    public void Parse_Fault_NamesKeyValueAndWhatIsAllowed(string json, string message)
    {
        var refusal = Assert.Throws<InferenceException>(() => Parse(json));

        Assert.Equal(InferenceError.InvalidModel, refusal.Error);
        Assert.Contains(message, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_TurnTooLong_IsRefusedWithItsLength() =>
        Assert.Contains(
            "first_turn has 4097 bytes; allowed: up to 4096",
            Assert.Throws<InferenceException>(() => Parse($$"""{"first_turn":"{user}{{new string('x', 4091)}}","next_turn":"{user}"}""")).Message,
            StringComparison.Ordinal);

    [Fact]
    public void Read_FileTooLong_IsRefusedBeforeItIsRead()
    {
        File.WriteAllText(Path.Combine(_folder.Path, ChatFormat.FileName), new string(' ', 70_000));

        Assert.Contains("allowed: up to 65536", Assert.Throws<InferenceException>(() => ChatFormat.Read(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_AnyBytesChanged_IsReadOrRefused()
    {
        var valid = Encoding.UTF8.GetBytes("""{"first_turn":"User: {user}\n","next_turn":"\n{user}","stop":["\nUser:"]}""");
        Gen.Select(Gen.Int[0, valid.Length - 1], Gen.Byte).Array[1, 4].Sample(changes =>
        {
            var bytes = valid.ToArray();
            foreach (var (at, value) in changes)
                bytes[at] = value;
            try
            {
                Assert.Contains(ChatFormat.UserMark, ChatFormat.Parse("f", bytes).FirstTurn, StringComparison.Ordinal);
            }
            catch (InferenceException e)
            {
                Assert.Equal(InferenceError.InvalidModel, e.Error);
            }
        }, iter: 3000);
    }

    private static ChatFormat Parse(string json) => ChatFormat.Parse("chat_format.json", Encoding.UTF8.GetBytes(json));
}
