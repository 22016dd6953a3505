using Cottention.Conformance;
using Cottention.Inference.Engine;
using Cottention.Inference.Runners;

namespace Cottention.Inference.Tests.Engine;

/// <summary>The engine's promises on the CPU runner.</summary>
public sealed class CpuEngineTests : EngineConformance
{
    protected override IModelRunner Create(EngineOptions options) => TestEngine.NewCpuRunner(options);
}
