using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Conformance;

/// <summary>What a quantised model computes with, in plain numbers: rounded weights, and rounded inputs of each product.</summary>
internal sealed class QuantizedWeights(WeightFormat format, WeightRowReader read)
{
    /// <summary>Rows as the runner rounds them: the matrices to integers, the embedding to bfloat16.</summary>
    public void ReadRows(string tensor, int firstRow, int rowCount, Span<float> values)
    {
        read(tensor, firstRow, rowCount, values);
        if (tensor == ModelTensors.Embedding)
            foreach (ref var value in values)
                value = BFloat16Rounding.Widen(BFloat16Rounding.Round(value));
        else if (tensor.EndsWith("_proj.weight", StringComparison.Ordinal) || tensor.Contains(".fc_", StringComparison.Ordinal) && tensor.EndsWith("weight", StringComparison.Ordinal) || tensor == ModelTensors.HeadWeight)
            for (var row = 0; row < rowCount; row++)
                Round(values.Slice(row * (values.Length / rowCount), values.Length / rowCount));
    }

    /// <summary>A row of weights, rounded.</summary>
    public void Round(Span<float> row)
    {
        var integers = new sbyte[row.Length];
        var scales = new float[GroupQuantizer.GroupCount(row.Length)];
        if (format == WeightFormat.Int8)
            GroupQuantizer.ToInt8(row, integers, scales);
        else
            GroupQuantizer.ToInt4(row, integers, scales);
        for (var i = 0; i < row.Length; i++)
            row[i] = integers[i] * scales[i / GroupQuantizer.GroupSize];
    }

    /// <summary>Activations rounded in groups of 32 to 127 steps.</summary>
    public static double[] RoundInputs(double[] x)
    {
        var rounded = new double[x.Length];
        for (var first = 0; first < x.Length; first += GroupQuantizer.GroupSize)
        {
            var group = x.Skip(first).Take(GroupQuantizer.GroupSize).ToArray();
            var largest = group.Max(Math.Abs);
            for (var i = 0; i < group.Length; i++)
                rounded[first + i] = largest == 0 ? 0 : Math.Round(group[i] * (127 / largest)) * (largest / 127);
        }

        return rounded;
    }
}
