using System.Runtime.InteropServices;
using Cottention.Inference;
using static TorchSharp.torch;

namespace Cottention.Torch.Runners;

/// <summary>
/// The two C entry points this project needs of the native library, and the two of libtorch that say where a tensor lies and on which
/// stream its device works. Found at run time: the library is there or not, and libtorch's CPU build knows no streams.
/// </summary>
internal sealed unsafe class NativeKernels : IDisposable
{
    /// <summary>CTN_ABI_VERSION of the header that <see cref="RecurrentLaunch"/> was written from.</summary>
    public const int AbiVersion = 2;

    private const string LibtorchCpu = "libtorch_cpu.so";
    private const string LibtorchCuda = "libtorch_cuda.so";

    private readonly nint _library;
    private readonly int? _cudaDevice;
    private readonly delegate* unmanaged<RecurrentLaunch*, void*, int> _fusedRecurrent;
    private readonly delegate* unmanaged<byte*> _lastMessage;
    private readonly delegate* unmanaged<nint, void**, int> _dataPointer;
    private readonly delegate* unmanaged<int, void**, int> _currentStream;

    /// <summary>Loads the library.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="device">Where tensors lie.</param>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidArgument"/>: no such library, or one of another ABI.</exception>
    public NativeKernels(string path, Device device)
    {
        if (!NativeLibrary.TryLoad(path, out _library))
            throw new InferenceException(InferenceError.InvalidArgument, $"{path}: the native library cannot be loaded");
        try
        {
            var version = ((delegate* unmanaged<int>)Export(_library, "ctn_abi_version", path))();
            if (version != AbiVersion)
                throw new InferenceException(InferenceError.InvalidArgument, $"{path}: its ABI is {version}; allowed: {AbiVersion}, that of this program");
            _fusedRecurrent = (delegate* unmanaged<RecurrentLaunch*, void*, int>)Export(_library, "ctn_fused_recurrent", path);
            _lastMessage = (delegate* unmanaged<byte*>)Export(_library, "ctn_last_message", path);
            // TorchSharp has loaded libtorch long before: this finds the same one.
            _dataPointer = (delegate* unmanaged<nint, void**, int>)Export(NativeLibrary.Load(LibtorchCpu), "aoti_torch_get_data_ptr", LibtorchCpu);
            if (device.type != TorchSharp.DeviceType.CUDA)
                return;
            _cudaDevice = device.index;
            _currentStream = (delegate* unmanaged<int, void**, int>)Export(NativeLibrary.Load(LibtorchCuda), "aoti_torch_get_current_cuda_stream", LibtorchCuda);
        }
        catch
        {
            NativeLibrary.Free(_library);
            throw;
        }
    }

    /// <summary>Where a tensor's first element lies.</summary>
    public void* PointerTo(Tensor tensor)
    {
        void* pointer;
        return _dataPointer(tensor.Handle, &pointer) == 0 ? pointer : throw new InvalidOperationException("libtorch does not say where a tensor lies");
    }

    /// <summary>Has the tokens consumed, on the stream on which libtorch's operations of this device run.</summary>
    public void FusedRecurrent(in RecurrentLaunch launch)
    {
        void* stream = null;
        if (_cudaDevice is { } index && _currentStream(index, &stream) != 0)
            throw new InvalidOperationException($"libtorch does not say which stream is current on cuda:{index}");
        fixed (RecurrentLaunch* pointer = &launch)
        {
            var status = _fusedRecurrent(pointer, stream);
            if (status != 0)
                throw new InvalidOperationException($"ctn_fused_recurrent failed with status {status}: {Marshal.PtrToStringUTF8((nint)_lastMessage())}");
        }
    }

    public void Dispose() => NativeLibrary.Free(_library);

    private static void* Export(nint library, string name, string file) => NativeLibrary.TryGetExport(library, name, out var address)
        ? (void*)address
        : throw new InferenceException(InferenceError.InvalidArgument, $"{file}: it has no {name}");
}
