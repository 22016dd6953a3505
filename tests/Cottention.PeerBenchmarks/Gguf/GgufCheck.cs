using System.Globalization;
using System.Numerics.Tensors;
using Cottention.PeerBenchmarks.Sides;

namespace Cottention.PeerBenchmarks.Gguf;

/// <summary>
/// Whether llama.cpp reads what <see cref="GgufWriter"/> writes: a model's logits after the same tokens, with weights of each
/// type, beside those with F32 weights. A wrong code, scale or order of a block makes them unrelated.
/// </summary>
internal static class GgufCheck
{
    private static readonly (GgufType Type, float Least)[] Types = [(GgufType.BF16, 0.999f), (GgufType.Q8_0, 0.999f), (GgufType.Q4_0, 0.9f)];

    /// <summary>Prints the cosine of each type's logits to those of F32.</summary>
    /// <param name="folder">Folder of the GGUF files.</param>
    /// <param name="threads">Threads of llama.cpp.</param>
    /// <returns>Whether all are close enough.</returns>
    public static bool Run(string folder, int threads)
    {
        var allPass = true;
        foreach (var layout in Enum.GetValues<PeerLayout>())
        {
            var work = Work.All.First(work => work.Layout == layout && work.Rows == 1 && work.IsDecode);
            var exact = Logits(PeerModels.PreparedFile(folder, layout, GgufType.F32), work, threads);
            foreach (var (type, least) in Types)
            {
                var cosine = TensorPrimitives.CosineSimilarity(exact, Logits(PeerModels.PreparedFile(folder, layout, type), work, threads));
                // False for NaN too.
                var passes = cosine >= least;
                allPass &= passes;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{layout} {type}: cosine to F32 {cosine:F5}, at least {least}: {(passes ? "ok" : "FAILED")}"));
            }
        }

        return allPass;
    }

    private static float[] Logits(string file, Work work, int threads)
    {
        using var side = new LlamaSide(file, work, threads);
        side.Prepare();
        side.Step();
        return side.Logits.ToArray();
    }
}
