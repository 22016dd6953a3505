using System.Runtime.InteropServices;

namespace Cottention.Cuda.Native;

/// <summary>
/// The functions of <c>native/include/cottention.h</c>, where each is described. Declarations only: what a status means is in
/// <see cref="NativeStatus"/>, which library they are called in is in <see cref="NativeLibraryLocator"/>.
/// </summary>
internal static unsafe partial class NativeMethods
{
    /// <summary>What the declarations here were written for.</summary>
    public const int AbiVersion = 2;

    /// <summary>The functions declared here: a library that lacks one is not used.</summary>
    public static readonly string[] EntryPoints =
    [
        "ctn_last_message",
        "ctn_device_count",
        "ctn_device_describe",
        "ctn_engine_create",
        "ctn_engine_destroy",
        "ctn_engine_describe_memory",
        "ctn_engine_write_tensor",
        "ctn_engine_seal",
        "ctn_engine_begin_step",
        "ctn_engine_end_step",
        "ctn_engine_read_logits",
        "ctn_engine_commit",
        "ctn_engine_fill_slot",
        "ctn_engine_copy_slot",
        "ctn_engine_write_slot",
        "ctn_engine_begin_read_slot",
        "ctn_engine_end_read_slot",
    ];

    private const string Library = NativeLibraryLocator.LibraryName;

    static NativeMethods() => NativeLibraryLocator.ResolveFor(typeof(NativeMethods).Assembly);

    [LibraryImport(Library, EntryPoint = "ctn_last_message")]
    public static partial byte* LastMessage();

    [LibraryImport(Library, EntryPoint = "ctn_device_count")]
    public static partial NativeStatusCode DeviceCount(out int count);

    [LibraryImport(Library, EntryPoint = "ctn_device_describe")]
    public static partial NativeStatusCode DescribeDevice(int device, NativeDeviceInfo* info);

    [LibraryImport(Library, EntryPoint = "ctn_engine_create")]
    public static partial NativeStatusCode CreateEngine(NativeEngineConfig* config, out EngineHandle engine);

    [LibraryImport(Library, EntryPoint = "ctn_engine_destroy")]
    public static partial void DestroyEngine(nint engine);

    [LibraryImport(Library, EntryPoint = "ctn_engine_describe_memory")]
    public static partial NativeStatusCode DescribeMemory(EngineHandle engine, NativeEngineMemory* memory);

    [LibraryImport(Library, EntryPoint = "ctn_engine_write_tensor")]
    public static partial NativeStatusCode WriteTensor(EngineHandle engine, NativeTensor tensor, int layer, int firstRow, int rows, float* values);

    [LibraryImport(Library, EntryPoint = "ctn_engine_seal")]
    public static partial NativeStatusCode Seal(EngineHandle engine);

    [LibraryImport(Library, EntryPoint = "ctn_engine_begin_step")]
    public static partial NativeStatusCode BeginStep(
        EngineHandle engine, NativeRow* rows, int rowCount, int* tokens, int tokenCount, NativeDraw* draws);

    [LibraryImport(Library, EntryPoint = "ctn_engine_end_step")]
    public static partial NativeStatusCode EndStep(EngineHandle engine, int* drawn);

    [LibraryImport(Library, EntryPoint = "ctn_engine_read_logits")]
    public static partial NativeStatusCode ReadLogits(EngineHandle engine, int first, int count, float* logits);

    [LibraryImport(Library, EntryPoint = "ctn_engine_commit")]
    public static partial NativeStatusCode Commit(EngineHandle engine, int slot, int count);

    [LibraryImport(Library, EntryPoint = "ctn_engine_fill_slot")]
    public static partial NativeStatusCode FillSlot(EngineHandle engine, int slot, float value);

    [LibraryImport(Library, EntryPoint = "ctn_engine_copy_slot")]
    public static partial NativeStatusCode CopySlot(EngineHandle engine, int source, int destination);

    [LibraryImport(Library, EntryPoint = "ctn_engine_write_slot")]
    public static partial NativeStatusCode WriteSlot(EngineHandle engine, int slot, float* state);

    [LibraryImport(Library, EntryPoint = "ctn_engine_begin_read_slot")]
    public static partial NativeStatusCode BeginReadSlot(EngineHandle engine, int slot, out int read);

    [LibraryImport(Library, EntryPoint = "ctn_engine_end_read_slot")]
    public static partial NativeStatusCode EndReadSlot(EngineHandle engine, int read, float* state);
}
