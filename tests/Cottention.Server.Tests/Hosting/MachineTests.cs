using Cottention.Cuda;
using Cottention.Server.Hosting;

namespace Cottention.Server.Tests.Hosting;

public sealed class MachineTests
{
    private const long ProcessBytes = 16L << 30;

    [Theory]
    [InlineData(nameof(RunnerKind.Cpu), 0, false)]
    [InlineData(nameof(RunnerKind.Cpu), 0, true)]
    [InlineData(nameof(RunnerKind.Torch), 0, false)]
    public void MemoryOf_ARunnerOnProcessors_IsTheProcesss(string kind, int device, bool torchSeesCuda) => Assert.Equal(
        new DeviceMemory("cpu", ProcessBytes, IsShared: true), MemoryOf(kind, device, torchSeesCuda, Devices.H100(0)));

    [Theory]
    [InlineData(nameof(RunnerKind.Cuda), 1, "cuda:1", 2)]
    [InlineData(nameof(RunnerKind.Torch), 0, "cuda:0", 1)]
    public void MemoryOf_ARunnerOnACard_IsTheCards(string kind, int device, string id, long freeGiB) => Assert.Equal(
        new DeviceMemory(id, freeGiB << 30, IsShared: false),
        MemoryOf(kind, device, torchSeesCuda: true, Devices.H100(0, freeBytes: 1L << 30), Devices.H100(1, freeBytes: 2L << 30)));

    [Fact]
    public void MemoryOf_TorchOnACardWithoutTheNativeLibrary_IsNotKnown()
    {
        Assert.Null(MemoryOf(nameof(RunnerKind.Torch), 0, torchSeesCuda: true).FreeBytes);
        Assert.Null(MemoryOf(nameof(RunnerKind.Torch), 0, torchSeesCuda: true, Devices.Emulation).FreeBytes);
    }

    private static DeviceMemory MemoryOf(string kind, int device, bool torchSeesCuda, params CudaDevice[] found) =>
        new Machine(() => new CudaDeviceList(found, null), () => torchSeesCuda, ProcessBytes).MemoryOf(new RunnerChoice(Enum.Parse<RunnerKind>(kind), device, ""));
}
