namespace Cottention.Server.Tests.Grpc;

[Collection(nameof(SharedServer))]
public sealed class ModelGrpcServiceTests(ServerFixture fixture)
{
    [Fact]
    public async Task GetModel_TinyModel_HasItsNumbers()
    {
        var model = await fixture.Client.GetModelAsync();

        Assert.Equal(("tiny-model", 3, 4, 16, 64), (model.Name, model.LayerCount, model.HeadCount, model.HeadDim, model.EmbeddingSize));
        Assert.Equal((300, 300, 256, 299, 299), (model.VocabularySize, model.LiveTokenCount, model.TrainedPositions, model.BosTokenId, model.EosTokenId));
        Assert.Equal((12_288L, "cpu"), (model.StateBytes, model.Device));
        Assert.Matches("^[0-9a-f]{64}$", model.Fingerprint);
        Assert.Equal(125_720, model.ParameterCount);
    }

    [Fact]
    public async Task GetCapacity_Idle_HasTheSizesOfTheOptions()
    {
        var capacity = await fixture.Client.GetCapacityAsync();

        Assert.Equal((64, 32, 256, 12_288L), (capacity.SlotCount, capacity.MaxRunningGenerations, capacity.MaxQueuedGenerations, capacity.StateBytesPerSession));
    }
}
