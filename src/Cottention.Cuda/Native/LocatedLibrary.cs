namespace Cottention.Cuda.Native;

/// <summary>The native library in this process, or why there is none.</summary>
/// <param name="Handle">For <see cref="System.Runtime.InteropServices.NativeLibrary"/>; 0 if there is none.</param>
/// <param name="Missing">One line for people, with what was looked at; null where there is a library.</param>
/// <param name="Path">The library's file, or its name where the system found it; null if there is none.</param>
internal sealed record LocatedLibrary(nint Handle, string? Missing, string? Path = null);
