using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Cuda.Tests;

/// <summary>Makes runners on the native library of the tests.</summary>
internal static class CudaTestRunner
{
    /// <summary>A golden model.</summary>
    public static CudaModelRunner Create(GoldenModel model, CudaRunnerOptions options)
    {
        NativeBuild.Use();
        return new CudaModelRunner(model.Config, model.ReadRows, WeightFormat.F32, options);
    }

    /// <summary>The tiny model with a tokenizer, in float32, for an engine of these sizes.</summary>
    public static CudaModelRunner CreateTiny(EngineOptions options)
    {
        NativeBuild.Use();
        using var checkpoint = Checkpoint.Open(Fixtures.Path("tiny-model"));
        return new CudaModelRunner(checkpoint, new CudaRunnerOptions(TestEngine.SizesOf(options)));
    }
}
