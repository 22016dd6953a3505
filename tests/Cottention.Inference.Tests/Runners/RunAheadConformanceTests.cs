using Cottention.Conformance;
using Cottention.Inference.Runners;

namespace Cottention.Inference.Tests.Runners;

/// <summary>The runner with which the engine's own tests run ahead: it keeps the order that a device has.</summary>
public sealed class RunAheadConformanceTests : RunAheadConformance
{
    protected override IModelRunner Create(GoldenModel model, int slotCount, int maxRows, int maxTokens) =>
        new DrawingRunner(new NaiveModelRunner(model, slotCount, maxRows, maxTokens), runsAhead: true);
}
