using Cottention.Inference.Runners;

namespace Cottention.Inference.Tests.Runners;

public sealed class DeviceNameTests
{
    [Theory]
    [InlineData("cuda", 0)]
    [InlineData("cuda:0", 0)]
    [InlineData("cuda:13", 13)]
    [InlineData("cpu", null)]
    [InlineData("cuda:", null)]
    [InlineData("cuda:-1", null)]
    [InlineData("cuda:+1", null)]
    [InlineData("cuda: 1", null)]
    [InlineData("cuda:1 ", null)]
    [InlineData("cuda:1,0", null)]
    [InlineData("cuda:99999999999", null)]
    [InlineData("CUDA:1", null)]
    public void CudaNumber_OfAName_IsItsDigitsAlone(string name, int? expected) => Assert.Equal(expected, DeviceName.CudaNumber(name));
}
