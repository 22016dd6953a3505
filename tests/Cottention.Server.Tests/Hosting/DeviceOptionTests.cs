using Cottention.Cuda;
using Cottention.Server.Hosting;

namespace Cottention.Server.Tests.Hosting;

public sealed class DeviceOptionTests
{
    private static readonly CudaDeviceList None = new([], "there is no driver");
    private static readonly CudaDeviceList Two = new([Devices.H100(0), Devices.H100(1)], null);

    [Theory]
    [InlineData("auto", null, 0)]
    [InlineData("cpu", nameof(RunnerKind.Cpu), 0)]
    [InlineData("cuda", nameof(RunnerKind.Cuda), 0)]
    [InlineData("cuda:0", nameof(RunnerKind.Cuda), 0)]
    [InlineData("cuda:13", nameof(RunnerKind.Cuda), 13)]
    [InlineData("torch", nameof(RunnerKind.Torch), 0)]
    public void Parse_WhatIsAllowed_IsRead(string text, string? kind, int device)
    {
        var option = DeviceOption.Parse(text);

        Assert.NotNull(option);
        Assert.Equal((kind, device, text), (option.Kind?.ToString(), option.CudaDevice, option.Text));
    }

    [Theory]
    [InlineData("")]
    [InlineData("gpu")]
    [InlineData("CUDA")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda: 1")]
    [InlineData("cuda:99999999999")]
    [InlineData("torch:cuda")]
    public void Fault_OfAnythingElse_SaysWhatIsAllowed(string text)
    {
        Assert.Null(DeviceOption.Parse(text));
        Assert.Equal($"Device is '{text}'; allowed: auto, cpu, cuda, cuda:n, torch", DeviceOption.Fault(text, NotAsked, hasTorch: true));
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("cpu")]
    [InlineData("torch")]
    public void Fault_WhatNeedsNoCuda_IsNoneAndNothingIsLookedFor(string text) => Assert.Null(DeviceOption.Fault(text, NotAsked, hasTorch: true));

    [Fact]
    public void Fault_TorchInABuildWithout_SaysHowToBuildIt() => Assert.Equal(
        "Device is 'torch', and this build carries no libtorch; build it with -p:Torch=cpu or -p:Torch=cuda, or choose another device",
        DeviceOption.Fault("torch", NotAsked, hasTorch: false));

    [Fact]
    public void Fault_CudaThatIsNotThere_SaysWhy() => Assert.Equal(
        "Device is 'cuda', and no CUDA device can be used: there is no driver; allowed here: auto, cpu",
        DeviceOption.Fault("cuda", () => None, hasTorch: false));

    [Theory]
    [InlineData("cuda", null)]
    [InlineData("cuda:1", null)]
    [InlineData("cuda:2", "Device is 'cuda:2'; allowed here: cuda:0 to cuda:1, auto, cpu")]
    public void Fault_CudaOfANumber_IsThereOrNot(string text, string? expected) => Assert.Equal(expected, DeviceOption.Fault(text, () => Two, hasTorch: false));

    [Fact]
    public void Fault_OldCard_SaysWhichAndWhatIsNeeded() => Assert.Equal(
        "Device is 'cuda', which is Tesla T4 (sm_75); allowed: cards of compute capability 8.0 or more",
        DeviceOption.Fault("cuda", () => new CudaDeviceList([Devices.T4(0)], null), hasTorch: false));

    [Fact]
    public void Fault_EmulationByName_IsTaken() => Assert.Null(DeviceOption.Fault("cuda", () => new CudaDeviceList([Devices.Emulation], null), hasTorch: false));

    private static CudaDeviceList NotAsked() => throw new InvalidOperationException("No device needs to be looked for.");
}
