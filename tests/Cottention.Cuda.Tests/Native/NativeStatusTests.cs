using Cottention.Cuda.Native;
using Cottention.Inference;

namespace Cottention.Cuda.Tests.Native;

public sealed class NativeStatusTests
{
    [Theory]
    [InlineData((int)NativeStatusCode.Unsupported, InferenceError.InvalidModel)]
    [InlineData((int)NativeStatusCode.OutOfMemory, InferenceError.InvalidArgument)]
    [InlineData((int)NativeStatusCode.NoDevice, InferenceError.InvalidArgument)]
    [InlineData((int)NativeStatusCode.DeviceError, InferenceError.Unavailable)]
    public void Fault_StatusThatPeopleCanMend_IsAnInferenceException(int status, InferenceError error)
    {
        var fault = Assert.IsType<InferenceException>(NativeStatus.Fault((NativeStatusCode)status, "what is wrong"));

        Assert.Equal(error, fault.Error);
        Assert.EndsWith("what is wrong", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData((int)NativeStatusCode.InvalidArgument)]
    [InlineData(99)]
    public void Fault_OurOwnFault_IsAnInvalidOperation(int status) =>
        Assert.Contains("what is wrong", Assert.IsType<InvalidOperationException>(NativeStatus.Fault((NativeStatusCode)status, "what is wrong")).Message, StringComparison.Ordinal);

    [Fact]
    public void Check_Ok_ReturnsWithoutCallingTheLibrary() => NativeStatus.Check(NativeStatusCode.Ok);
}
