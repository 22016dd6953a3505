using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Cottention.Conformance;
using Cottention.Inference.Engine;

namespace Cottention.Inference.Tests.Runners;

public sealed class RunnerSizesTests
{
    [Fact]
    public void Check_LargestSizesOfTheEngine_AreAllowed()
    {
        var options = new EngineOptions();
        foreach (var property in typeof(EngineOptions).GetProperties())
            if (property.GetCustomAttribute<RangeAttribute>() is { } range)
                property.SetValue(options, (int)range.Maximum);

        var sizes = TestEngine.SizesOf(options);

        sizes.Check();
        Assert.Equal(1_001_024, sizes.SlotCount);
    }
}
