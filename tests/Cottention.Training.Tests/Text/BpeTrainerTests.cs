using Cottention.Training.Text;

namespace Cottention.Training.Tests.Text;

public sealed class BpeTrainerTests
{
    private const int Bytes = 256;

    [Fact]
    public void Train_MostFrequentPairs_AreMergedFirst()
    {
        var trainer = new BpeTrainer();
        trainer.Add("abab abab abab cd cd");

        var vocabulary = trainer.Train(Bytes + 4);

        // a b six times, ab ab three times; then c d and the space before abab both twice, and "c" has the lower id.
        Assert.Equal([("a", "b"), ("ab", "ab"), ("c", "d")], vocabulary.Merges);
    }

    [Fact]
    public void Train_PairsOfOneWordAtATime_NeverCrossWords()
    {
        var trainer = new BpeTrainer();
        trainer.Add("x,x,x,x,x,x", times: 5);

        var vocabulary = trainer.Train(Bytes + 20);

        Assert.Empty(vocabulary.Merges);
    }

    [Fact]
    public void Train_RunsOfOneByte_AreMergedFromTheLeft()
    {
        var trainer = new BpeTrainer();
        trainer.Add("aaaaa", times: 3);

        var vocabulary = trainer.Train(Bytes + 20);

        // aa aa a: then both pairs stand three times, and "a" has the lower id.
        Assert.Equal([("a", "a"), ("aa", "a"), ("aa", "aaa")], vocabulary.Merges);
    }

    [Fact]
    public void Train_NothingOccursTwice_StopsEarly()
    {
        var trainer = new BpeTrainer();
        trainer.Add("abc");

        Assert.Equal(Bytes + 1, trainer.Train(1000).Size);
    }

    [Fact]
    public void Train_SameWordsInAnotherOrder_GivesTheSameVocabulary()
    {
        var documents = Enumerable.Range(0, 40).Select(ToyText.Document).ToArray();
        BpeTrainer forward = new(), backward = new();
        foreach (var document in documents)
            forward.Add(document);
        foreach (var document in documents.Reverse())
            backward.Add(document);

        Assert.Equal(forward.Train(330).Merges, backward.Train(330).Merges);
    }

    [Fact]
    public void Train_Times_CountsAsRepeats()
    {
        BpeTrainer repeated = new(), counted = new();
        for (var i = 0; i < 3; i++)
            repeated.Add("ab cd cd");
        repeated.Add("ef ef");
        counted.Add("ab cd cd", times: 3);
        counted.Add("ef ef");

        Assert.Equal(repeated.Train(Bytes + 10).Merges, counted.Train(Bytes + 10).Merges);
    }

    [Fact]
    public void Tokens_AreUniqueAndEndOfTextIsLast()
    {
        var trainer = new BpeTrainer();
        trainer.Add(string.Concat(Enumerable.Range(0, 40).Select(ToyText.Document)) + "<|endoftext|> <|endoftext|>");

        var tokens = trainer.Train(400).Tokens.ToList();

        Assert.Equal(tokens.Count, tokens.Distinct().Count());
        Assert.Equal("<|endoftext|>", tokens[^1]);
    }

    [Fact]
    public void Train_SizeBelowTheBytes_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new BpeTrainer().Train(256));
}
