using System.Runtime.InteropServices;

namespace Cottention.Cuda.Native;

/// <summary>A <c>ctn_engine</c>.</summary>
internal sealed class EngineHandle() : SafeHandle(0, ownsHandle: true)
{
    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMethods.DestroyEngine(handle);
        return true;
    }
}
