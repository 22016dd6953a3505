using System.Runtime.CompilerServices;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Inference.Tests.Runners;

/// <summary>
/// The products of one decoded token in the plainest loops there are: a yardstick for the machine as it is right now. No
/// norms, no recurrence: less work than a step, so that being faster than this is not a matter of leaving something out.
/// </summary>
internal sealed class PlainModelLoop
{
    private readonly float[][] _rows;
    private readonly float[] _x;

    /// <summary>Takes every matrix that a decoded token meets.</summary>
    public PlainModelLoop(ModelConfig config, WeightRowReader read)
    {
        _rows = [.. ModelTensors.Of(config).Where(t => t.Shape.Length == 2 && t.Name != ModelTensors.Embedding).SelectMany(t => Rows(t, read))];
        _x = [.. Enumerable.Range(0, _rows.Max(row => row.Length)).Select(i => 1f / (i + 1))];
    }

    /// <summary>Each row times a vector; returns a sum, so that nothing can be left out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public float Run()
    {
        var total = 0f;
        foreach (var row in _rows)
        {
            var sum = 0f;
            for (var i = 0; i < row.Length; i++)
                sum += row[i] * _x[i];
            total += sum;
        }
        return total;
    }

    private static IEnumerable<float[]> Rows((string Name, long[] Shape) tensor, WeightRowReader read)
    {
        var values = new float[tensor.Shape[0] * tensor.Shape[1]];
        read(tensor.Name, 0, (int)tensor.Shape[0], values);
        return values.Chunk((int)tensor.Shape[1]);
    }
}
