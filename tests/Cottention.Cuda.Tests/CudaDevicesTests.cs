using Cottention.Conformance;
using Cottention.Cuda.Native;
using Cottention.Inference;

namespace Cottention.Cuda.Tests;

public sealed class CudaDevicesTests
{
    [Fact]
    public void Find_NoLibrary_SaysWhy()
    {
        var found = CudaDevices.Find(new LocatedLibrary(0, "there is none"));

        Assert.Empty(found.Devices);
        Assert.Equal("there is none", found.WhyNone);
    }

    [Fact]
    public void Require_NoDevices_SaysWhy()
    {
        var e = Assert.Throws<InferenceException>(() => CudaEngineFactory.Require(0, new CudaDeviceList([], "the driver knows of no CUDA device")));

        Assert.Equal(InferenceError.InvalidArgument, e.Error);
        Assert.Equal("no CUDA device can be used: the driver knows of no CUDA device", e.Message);
    }

    [Theory]
    [InlineData(false, "cuda:3", "Card (sm_90)")]
    [InlineData(true, "cuda-emulation", "Card")]
    public void Id_AndText_NameTheDevice(bool isEmulation, string id, string text)
    {
        var device = new CudaDevice(3, "Card", new Version(9, 0), 132, 1 << 30, 1 << 29, isEmulation);

        Assert.Equal(id, device.Id);
        Assert.Equal(text, device.ToString());
    }
}

[NeedsNativeLibrary]
public sealed class CudaDevicesOfTheLibraryTests
{
    [Fact]
    public void Find_WithLibrary_DescribesEachDevice()
    {
        NativeBuild.Use();

        var found = CudaDevices.Find();

        Assert.Null(found.WhyNone);
        Assert.NotEmpty(found.Devices);
        Assert.Equal(Enumerable.Range(0, found.Devices.Count), found.Devices.Select(device => device.Index));
        Assert.All(found.Devices, device =>
        {
            Assert.NotEmpty(device.Name);
            Assert.InRange(device.FreeBytes, 1, device.TotalBytes);
            Assert.Equal(device.IsEmulation, device.ComputeCapability.Major == 0);
        });
    }
}
