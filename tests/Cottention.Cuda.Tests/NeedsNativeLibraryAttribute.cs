namespace Cottention.Cuda.Tests;

/// <summary>The tests of the class run on the native library; they are skipped where none can be built. See <see cref="NativeTestFramework"/>.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class NeedsNativeLibraryAttribute : Attribute;
