using System.Globalization;
using Cottention.Cuda;
using Cottention.Inference;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;
using Cottention.Server.Hosting;

namespace Cottention.Server.Tests.Hosting;

public sealed class RunnerChoiceTests
{
    private const int Slots = 10;

    private static readonly ModelConfig Config = new()
    {
        EmbeddingSize = 1024, HeadCount = 16, LayerCount = 20, InnerSize = 4096, VocabularySize = 50_400, RotaryDim = 64, TrainedPositions = 1024,
    };

    private static readonly ModelNeeds Model = new(Config, WeightFormat.Bf16, new RunnerSizes { SlotCount = Slots });

    [Fact]
    public void Of_AutoWithACard_IsTheCard()
    {
        var choice = Auto(Model, Devices.H100(0));

        Assert.Equal(new RunnerChoice(RunnerKind.Cuda, 0, "auto chose cuda:0: NVIDIA H100 80GB HBM3 (sm_90)", FallsBack: true), choice);
    }

    [Fact]
    public void Of_AutoWithSeveralCards_IsTheFirstThatServes()
    {
        var choice = Auto(Model, Devices.T4(0), Devices.H100(1, freeBytes: 799L << 20), Devices.H100(2), Devices.H100(3));

        Assert.Equal((RunnerKind.Cuda, 2), (choice.Kind, choice.CudaDevice));
    }

    [Fact]
    public void Of_AutoWithoutCuda_IsTheCpuWithTheReason() => Assert.Equal(
        new RunnerChoice(RunnerKind.Cpu, 0, "auto chose cpu, not CUDA: there is no driver"),
        RunnerChoice.Of(DeviceOption.Parse("auto")!, Model, () => new CudaDeviceList([], "there is no driver")));

    [Fact]
    public void Of_AutoWithCardsThatDoNotServe_NamesEachReason()
    {
        var needed = Model.MemoryOf(RunnerKind.Cuda).Of(Slots) / (1024.0 * 1024);

        var choice = Auto(Model, Devices.T4(0), Devices.H100(1, freeBytes: 799L << 20));

        Assert.Equal(RunnerKind.Cpu, choice.Kind);
        Assert.Equal(
            string.Create(CultureInfo.InvariantCulture, $"auto chose cpu, not CUDA: cuda:0 is Tesla T4 (sm_75), older than compute capability 8.0; cuda:1 has 799 MiB free; the model with 10 slots takes {needed:N0} MiB"),
            choice.Reason);
    }

    [Fact]
    public void Of_AutoWithTheEmulation_IsTheCpu() => Assert.Equal(
        "auto chose cpu, not CUDA: the native library is its CPU build, which is for tests", Auto(Model, Devices.Emulation).Reason);

    [Theory]
    [InlineData(64, WeightFormat.Int8, "auto chose cpu, not CUDA: the weights are int8, and CUDA computes with f32 or bf16")]
    [InlineData(128, WeightFormat.Int4, "auto chose cpu, not CUDA: the weights are int4, and CUDA computes with f32 or bf16")]
    [InlineData(16, WeightFormat.F32, "auto chose cpu, not CUDA: the model's heads are 16 wide, and the fast CUDA kernels are for 64 and 128")]
    public void Of_AutoWithAModelThatIsNotForCuda_IsTheCpuAndNothingIsLookedFor(int headDim, WeightFormat weights, string expected)
    {
        var choice = RunnerChoice.Of(DeviceOption.Parse("auto")!, Model with { Config = Config with { HeadCount = 1024 / headDim }, Weights = weights }, NotAsked);

        Assert.Equal(new RunnerChoice(RunnerKind.Cpu, 0, expected), choice);
    }

    [Theory]
    [InlineData("cpu", nameof(RunnerKind.Cpu), 0)]
    [InlineData("torch", nameof(RunnerKind.Torch), 0)]
    [InlineData("cuda:3", nameof(RunnerKind.Cuda), 3)]
    public void Of_ANamedDevice_IsThatOne(string asked, string kind, int device)
    {
        var choice = RunnerChoice.Of(DeviceOption.Parse(asked)!, Model with { Config = Config with { HeadCount = 64 } }, NotAsked);

        Assert.Equal((kind, device, $"{asked}, as asked for"), (choice.Kind.ToString(), choice.CudaDevice, choice.Reason));
    }

    [Fact]
    public void Make_CardOfAutoThatRefuses_IsTheCpuWithTheReason()
    {
        var tried = new List<RunnerKind>();

        var made = Auto(Model, Devices.H100(0)).Make(choice =>
        {
            tried.Add(choice.Kind);
            return choice.Kind == RunnerKind.Cpu ? choice : throw new InferenceException(InferenceError.InvalidArgument, "no cuBLASLt library");
        });

        Assert.Equal([RunnerKind.Cuda, RunnerKind.Cpu], tried);
        Assert.Equal(new RunnerChoice(RunnerKind.Cpu, 0, "auto chose cpu, not CUDA: no cuBLASLt library"), made);
    }

    [Theory]
    [InlineData("cuda")]
    [InlineData("cpu")]
    [InlineData("auto")]
    public void Make_AnythingElseThatRefuses_IsRefused(string asked)
    {
        var choice = RunnerChoice.Of(DeviceOption.Parse(asked)!, Model, () => new CudaDeviceList([], "none"));

        var refusal = Assert.Throws<InferenceException>(() => choice.Make<int>(_ => throw new InferenceException(InferenceError.InvalidArgument, "too little memory")));

        Assert.Equal("too little memory", refusal.Message);
    }

    [Fact]
    public void Make_OurOwnFault_IsNotHidden() => Assert.Throws<InvalidOperationException>(
        () => Auto(Model, Devices.H100(0)).Make<int>(_ => throw new InvalidOperationException("a bug")));

    // To the byte: what the choice takes, the budget does not refuse, and the other way round.
    [Theory]
    [InlineData(0, nameof(RunnerKind.Cuda), Slots)]
    [InlineData(-1, nameof(RunnerKind.Cpu), Slots - 1)]
    public void Of_AutoWithATightCard_AgreesWithTheBudget(long spare, string kind, long fit)
    {
        var needed = Model.MemoryOf(RunnerKind.Cuda);
        var card = Devices.H100(0, freeBytes: needed.Of(Slots) + spare);

        var choice = Auto(Model, card);

        Assert.Equal(kind, choice.Kind.ToString());
        Assert.Equal(fit, StateBudget.Of(0, needed, DeviceMemory.OfCard(card.Id, card.FreeBytes)).SessionsThatFit);
    }

    private static RunnerChoice Auto(ModelNeeds model, params CudaDevice[] devices) =>
        RunnerChoice.Of(DeviceOption.Parse("auto")!, model, () => new CudaDeviceList(devices, null));

    private static CudaDeviceList NotAsked() => throw new InvalidOperationException("No device needs to be looked for.");
}
