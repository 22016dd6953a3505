using Cottention.Training.Data;
using Cottention.Training.Text;

namespace Cottention.Training.Tests;

/// <summary>A folder with a small made-up text, deleted at the end.</summary>
internal sealed class ToyText : IDisposable
{
    private static readonly string[] Names = ["Ann", "Bob", "Cid", "Dot"];
    private static readonly string[] Things = ["ball", "cat", "red hat", "tree", "boat"];

    public ToyText(int documents = 60)
    {
        Folder = Directory.CreateTempSubdirectory("cottention-training-").FullName;
        TextPath = Path.Combine(Folder, "toy.txt");
        File.WriteAllText(TextPath, string.Concat(Enumerable.Range(0, documents).Select(i => $"{Document(i)}\n<|endoftext|>\n")));
    }

    public string Folder { get; }

    public string TextPath { get; }

    public TextSource Source => new(TextPath, Weight: 1);

    public static string Document(int index)
    {
        var (name, thing) = (Names[index % Names.Length], Things[index % Things.Length]);
        return $"{name} has a {thing}. The {thing} is big. {name} likes the {thing}.\n\"I like my {thing},\" says {name}.";
    }

    public CorpusTokenizer LearnTokenizer(int size = 300)
    {
        var trainer = new BpeTrainer();
        foreach (var document in Source.Documents())
            trainer.Add(document);
        trainer.Train(size).Save(Path.Combine(Folder, "tokenizer"));
        return CorpusTokenizer.Load(Path.Combine(Folder, "tokenizer"), new TrainingOptions());
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
