using Cottention.Inference.Model;
using Cottention.Torch.Runners;

namespace Cottention.Torch.Tests.Runners;

public sealed class TorchRunnerMemoryTests
{
    [Fact]
    public void Of_AModel_CountsItsWeightsInFloat32AndItsStates()
    {
        var config = new ModelConfig
        {
            EmbeddingSize = 128, HeadCount = 2, LayerCount = 3, InnerSize = 512, VocabularySize = 1000, RotaryDim = 64, TrainedPositions = 64,
        };
        var sizes = new TorchRunnerOptions { MaxRows = 2, MaxTokens = 16 };

        var memory = TorchRunnerMemory.Of(config, sizes);
        var tied = TorchRunnerMemory.Of(config with { TieWordEmbeddings = true }, sizes);

        Assert.Equal((config.ParameterCount * 4, 3L * 2 * 64 * 64 * 4), (memory.WeightBytes, memory.SlotBytes));
        // libtorch's products want their own columns of the head.
        Assert.Equal(memory.WeightBytes, tied.WeightBytes);
        Assert.Equal(((16L * ((8 * 128) + 512)) + (2 * (1000 + (3 * 2 * 64 * 64)))) * 4, memory.StepBytes);
    }
}
