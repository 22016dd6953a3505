using Cottention.Inference.Tokenization;

namespace Cottention.Inference.Tests.Tokenization;

public sealed class TokenizerFilesTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cottention-tokenizer-");

    public TokenizerFilesTests()
    {
        foreach (var name in new[] { "vocab.json", "merges.txt" })
            File.Copy(Path.Combine(TokenizerCases.SmallFolder, name), Path.Combine(_folder.FullName, name));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("", "vocab.json is not valid JSON")]
    [InlineData("[]", "vocab.json is not one JSON object")]
    [InlineData("{", "vocab.json is not valid JSON")]
    [InlineData("{} {}", "vocab.json is not valid JSON")]
    [InlineData("{}", "vocab.json has no token for the byte 0x00")]
    [InlineData("""{"a": "1"}""", "vocab.json gives \"a\" no whole number")]
    [InlineData("""{"a": 1.5}""", "vocab.json gives \"a\" no whole number")]
    [InlineData("""{"a": 99999999999}""", "vocab.json gives \"a\" no whole number")]
    [InlineData("""{"a": -1}""", "vocab.json gives \"a\" the id -1; the model has 0 to 383")]
    [InlineData("""{"a": 384}""", "vocab.json gives \"a\" the id 384; the model has 0 to 383")]
    [InlineData("""{"a": 1, "b": 1}""", "vocab.json gives the id 1 to \"a\" and \"b\"")]
    [InlineData("""{"a": 1, "a": 2}""", "vocab.json has \"a\" twice, with the ids 1 and 2")]
    [InlineData("""{"": 1}""", "vocab.json has a token of 0 characters at id 1")]
    [InlineData("{\"a\n\": 1}", "vocab.json is not valid JSON")]
    [InlineData("""{"a\ud800": 1}""", "vocab.json is not valid JSON")]
    public void Load_FaultyVocabulary_IsRefusedInOneLine(string content, string fault)
    {
        // No merges, so that the fault of the vocabulary is the only one.
        Write("merges.txt", "");
        Write("vocab.json", content);

        AssertRefused(fault);
    }

    [Fact]
    public void Load_TokenOfATooLongText_IsRefused()
    {
        Write("vocab.json", $$"""{"{{new string('a', 1025)}}": 1}""");

        AssertRefused("vocab.json has a token of 1025 characters at id 1; allowed: 1 to 1024");
    }

    [Fact]
    public void Load_ByteWithoutAToken_IsRefused()
    {
        Edit("vocab.json", text => text.Replace("\"Z\":", "\"ZZ\":", StringComparison.Ordinal));

        AssertRefused("vocab.json has no token for the byte 0x5A");
    }

    [Theory]
    [InlineData("a", "line 2 is \"a\"; expected two tokens and one space between them")]
    [InlineData("a  b", "line 2 is \"a  b\"; expected two tokens and one space between them")]
    [InlineData("a b c", "line 2 is \"a b c\"; expected two tokens and one space between them")]
    [InlineData(" b", "line 2 is \" b\"; expected two tokens and one space between them")]
    [InlineData("a 語", "line 2 names \"\\u8A9E\", which is not in vocab.json")]
    [InlineData("a b", "line 2 names \"ab\", which is not in vocab.json")]
    [InlineData("a a\na a", "line 3 merges \"a a\" again")]
    public void Load_FaultyMerges_AreRefusedInOneLine(string merges, string fault)
    {
        Write("merges.txt", "#version: 0.2\n" + merges);

        AssertRefused("merges.txt " + fault);
    }

    [Fact]
    public void Load_OtherLineEndings_AreTheSameTokenizer()
    {
        Edit("merges.txt", text => text.ReplaceLineEndings("\r\n") + "\r\n");
        Edit("vocab.json", text => "\uFEFF" + text);

        Assert.Equal(TokenizerCases.LoadSmall().Encode("Tom the cat"), Load().Encode("Tom the cat"));
    }

    [Theory]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    public void Load_OneFileMissing_IsRefused(string name)
    {
        File.Delete(Path.Combine(_folder.FullName, name));

        AssertRefused(name + " is missing");
    }

    [Theory]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    [InlineData("added_tokens.json")]
    public void Load_HugeFile_IsRefusedUnread(string name)
    {
        using (var file = File.Create(Path.Combine(_folder.FullName, name)))
            file.SetLength((64L << 20) + 1);

        AssertRefused(name + " has 67108865 bytes; allowed: up to 67108864");
    }

    [Fact]
    public void Load_VocabularyLargerThanTheModel_IsRefused()
    {
        var refusal = Assert.Throws<InferenceException>(() => TextTokenizer.Load(_folder.FullName, TokenizerCases.Config(352)));

        Assert.Contains("the model has 0 to 351", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(384, "eos_token_id is 384; allowed: 0 to 383")]
    [InlineData(-1, "eos_token_id is -1; allowed: 0 to 383")]
    [InlineData(5, "eos_token_id is 5, which is an ordinary token of text")]
    public void Load_EosThatCannotBe_IsRefused(int eos, string fault)
    {
        var refusal = Assert.Throws<InferenceException>(() => TextTokenizer.Load(_folder.FullName, TokenizerCases.Config(384, eos: eos)));

        Assert.Equal(InferenceError.InvalidModel, refusal.Error);
        Assert.Contains(fault, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_EosWithoutAName_IsAControlToken()
    {
        var tokenizer = TextTokenizer.Load(_folder.FullName, TokenizerCases.Config(384, eos: 383));

        Assert.True(tokenizer.IsControl(383));
        Assert.False(tokenizer.IsDead(383));
    }

    [Fact]
    public void Load_AddedTokens_AreControlTokensAndExtraTokensPadding()
    {
        Write("added_tokens.json", """{"<|user|>": 353, "<|user|>x": 354, "<|extratoken_1|>": 355, "<|extratoken_29|>": 383}""");

        var tokenizer = Load();

        Assert.Equal([0, 353, 354], Enumerable.Range(0, 384).Where(tokenizer.IsControl));
        Assert.True(tokenizer.IsDead(355) && tokenizer.IsDead(383));
        Assert.Equal([353, .. tokenizer.Encode("Tom"), 354], tokenizer.Encode("<|user|>Tom<|user|>x", parseControlTokens: true));
        Assert.DoesNotContain(353, tokenizer.Encode("<|user|>"));
    }

    [Fact]
    public void Load_TokenizerConfig_DeclaresControlTokens()
    {
        Write("tokenizer_config.json", """
            {
              "add_prefix_space": false, "bos_token": "<|endoftext|>", "pad_token": null, "unk_token": {"content": "<|none|>"},
              "added_tokens_decoder": {
                "0": {"content": "<|endoftext|>", "special": true},
                "360": {"content": "<|system|>", "special": true},
                "361": {"content": "<|extratoken_7|>", "special": false}
              }
            }
            """);
        Write("special_tokens_map.json", """{"eos_token": {"content": "<|endoftext|>"}}""");

        var tokenizer = Load();

        Assert.Equal([0, 360], Enumerable.Range(0, 384).Where(tokenizer.IsControl));
    }

    [Theory]
    [InlineData("added_tokens.json", """{"<|x|>": 400}""", "gives \"\\u003C|x|\\u003E\" the id 400; the model has 0 to 383")]
    [InlineData("added_tokens.json", """{"<|x|>": 10}""", "the id 10, which is")]
    [InlineData("added_tokens.json", """{"": 360}""", "has an empty token at id 360")]
    [InlineData("added_tokens.json", """{"<|endoftext|>": 360}""", "the id 360, but it has 0 already")]
    [InlineData("added_tokens.json", """{"<|x|>": "1"}""", "is not what is expected")]
    [InlineData("added_tokens.json", "[1]", "is not what is expected")]
    [InlineData("added_tokens.json", "{", "is not what is expected")]
    [InlineData("tokenizer_config.json", """{"add_prefix_space": true}""", "sets add_prefix_space, which is not supported")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": {"x": {"content": "y", "special": true}}}""", "has \"x\" where a token id is expected")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": {"360": {"content": "y"}}}""", "adds \"y\" as ordinary text, which is not supported")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": {"360": {}}}""", "is not what is expected")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": 5}""", "is not what is expected")]
    [InlineData("special_tokens_map.json", """{"eos_token": 5}""", "is not what is expected")]
    public void Load_FaultyDeclaration_IsRefusedInOneLine(string name, string content, string fault)
    {
        Write(name, content);

        AssertRefused(fault);
    }

    [Fact]
    public void Load_MergeOfATokenThatNoMergeMakes_IsRefused()
    {
        Edit("merges.txt", text => text.Replace("\nĠ Ġ\n", "\n", StringComparison.Ordinal));

        AssertRefused("of one that is neither a byte nor made by a merge");
    }

    [Fact]
    public void Load_TokenThatNoMergeMakes_IsAControlToken()
    {
        Edit("vocab.json", text => text.Replace("{\n", "{\n\"<pad>\": 370,\n", StringComparison.Ordinal));

        var tokenizer = Load();

        Assert.True(tokenizer.IsControl(370));
        Assert.Equal([370], tokenizer.Encode("<pad>", parseControlTokens: true));
    }

    [Fact]
    public void Load_MutatedFiles_LoadOrAreRefused()
    {
        // Anything but an InferenceException would fail the test.
        var vocabulary = File.ReadAllBytes(Path.Combine(_folder.FullName, "vocab.json"));
        var merges = File.ReadAllBytes(Path.Combine(_folder.FullName, "merges.txt"));
        var random = new Random(1);
        var refused = 0;
        for (var round = 0; round < 500; round++)
        {
            File.WriteAllBytes(Path.Combine(_folder.FullName, "vocab.json"), round % 2 == 0 ? Mutated(random, vocabulary) : vocabulary);
            File.WriteAllBytes(Path.Combine(_folder.FullName, "merges.txt"), round % 2 == 1 ? Mutated(random, merges) : merges);
            try
            {
                Assert.NotEmpty(Load().Encode("Tom"));
            }
            catch (InferenceException refusal)
            {
                Assert.Equal(InferenceError.InvalidModel, refusal.Error);
                Assert.DoesNotContain('\n', refusal.Message);
                refused++;
            }
        }

        Assert.InRange(refused, 100, 500);
    }

    private static byte[] Mutated(Random random, byte[] bytes)
    {
        var mutated = bytes.ToList();
        for (var change = random.Next(1, 4); change > 0; change--)
        {
            var place = random.Next(mutated.Count);
            switch (random.Next(4))
            {
                case 0:
                    mutated[place] = (byte)random.Next(256);
                    break;
                case 1:
                    mutated.Insert(place, "{}[],:\" \n\\0a"u8[random.Next(12)]);
                    break;
                case 2:
                    mutated.RemoveAt(place);
                    break;
                default:
                    mutated.RemoveRange(place, Math.Min(random.Next(200), mutated.Count - place - 1));
                    break;
            }
        }

        return [.. mutated];
    }

    private TextTokenizer Load() => TextTokenizer.Load(_folder.FullName, TokenizerCases.Config(384, bos: 0, eos: 0));

    private void Write(string name, string content) => File.WriteAllText(Path.Combine(_folder.FullName, name), content);

    private void Edit(string name, Func<string, string> edit)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, edit(File.ReadAllText(path)));
    }

    private void AssertRefused(string fault)
    {
        var refusal = Assert.Throws<InferenceException>(() => Load());

        Assert.Equal(InferenceError.InvalidModel, refusal.Error);
        Assert.Contains(fault, refusal.Message, StringComparison.Ordinal);
        Assert.Contains(_folder.FullName, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }
}
