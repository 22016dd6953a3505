using Cottention.Cuda;
using Cottention.Inference;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;
using Cottention.Server.Hosting;

namespace Cottention.Server.Tests.Hosting;

public sealed class RunnerChoiceTests
{
    private static readonly ModelNeeds Model = new(64, WeightFormat.Bf16, 600L << 20, 400L << 20);

    [Fact]
    public void Of_AutoWithACard_IsTheCard()
    {
        var choice = Auto(Model, Devices.H100(0));

        Assert.Equal(new RunnerChoice(RunnerKind.Cuda, 0, "auto chose cuda:0: NVIDIA H100 80GB HBM3 (sm_90)", FallsBack: true), choice);
    }

    [Fact]
    public void Of_AutoWithSeveralCards_IsTheFirstThatServes()
    {
        var choice = Auto(Model, Devices.T4(0), Devices.H100(1, freeBytes: 999L << 20), Devices.H100(2), Devices.H100(3));

        Assert.Equal((RunnerKind.Cuda, 2), (choice.Kind, choice.CudaDevice));
    }

    [Fact]
    public void Of_AutoWithoutCuda_IsTheCpuWithTheReason() => Assert.Equal(
        new RunnerChoice(RunnerKind.Cpu, 0, "auto chose cpu, not CUDA: there is no driver"),
        RunnerChoice.Of(DeviceOption.Parse("auto")!, Model, () => new CudaDeviceList([], "there is no driver")));

    [Fact]
    public void Of_AutoWithCardsThatDoNotServe_NamesEachReason()
    {
        var choice = Auto(Model, Devices.T4(0), Devices.H100(1, freeBytes: 999L << 20));

        Assert.Equal(RunnerKind.Cpu, choice.Kind);
        Assert.Equal(
            "auto chose cpu, not CUDA: cuda:0 is Tesla T4 (sm_75), older than compute capability 8.0; cuda:1 has 999 MiB free; weights and states take 1,000 MiB",
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
        var choice = RunnerChoice.Of(DeviceOption.Parse("auto")!, Model with { HeadDim = headDim, Weights = weights }, NotAsked);

        Assert.Equal(new RunnerChoice(RunnerKind.Cpu, 0, expected), choice);
    }

    [Theory]
    [InlineData("cpu", nameof(RunnerKind.Cpu), 0)]
    [InlineData("torch", nameof(RunnerKind.Torch), 0)]
    [InlineData("cuda:3", nameof(RunnerKind.Cuda), 3)]
    public void Of_ANamedDevice_IsThatOne(string asked, string kind, int device)
    {
        var choice = RunnerChoice.Of(DeviceOption.Parse(asked)!, Model with { HeadDim = 16 }, NotAsked);

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

    [Theory]
    [InlineData(WeightFormat.F32, 4)]
    [InlineData(WeightFormat.Bf16, 2)]
    public void NeedsOf_AModel_CountsWeightsAndStates(WeightFormat weights, int bytes)
    {
        var config = new ModelConfig
        {
            EmbeddingSize = 128, HeadCount = 2, LayerCount = 3, InnerSize = 512, VocabularySize = 1000, RotaryDim = 64, TrainedPositions = 64,
        };

        var needs = ModelNeeds.Of(config, weights, slots: 10);

        Assert.Equal((64, weights), (needs.HeadDim, needs.Weights));
        Assert.Equal((config.ParameterCount * bytes, 10L * 3 * 2 * 64 * 64 * 4), (needs.WeightBytes, needs.StateBytes));
    }

    private static RunnerChoice Auto(ModelNeeds model, params CudaDevice[] devices) =>
        RunnerChoice.Of(DeviceOption.Parse("auto")!, model, () => new CudaDeviceList(devices, null));

    private static CudaDeviceList NotAsked() => throw new InvalidOperationException("No device needs to be looked for.");
}
