using System;
using System.IO;
using System.Text;
using Microsoft.Build.Framework;
using Microsoft.Build.Utilities;

/// <summary>
/// Sets the weak flag on one entry of the version-needs section (.gnu.version_r) of 64-bit little-endian ELF files.
/// Idempotent. A file is replaced by a patched copy, never written in place, so that a hard link to the package stays whole;
/// the copy keeps the time stamp, so that the next build sees an unchanged file and copies nothing.
/// </summary>
public sealed class WeakenVersionNeed : Task
{
    private const uint SectionTypeVersionNeeds = 0x6ffffffe;
    private const ushort WeakFlag = 0x2;

    [Required]
    public ITaskItem[] Files { get; set; }

    /// <summary>The version's name, for example GLIBCXX_3.4.32.</summary>
    [Required]
    public string Version { get; set; }

    public override bool Execute()
    {
        foreach (var item in Files)
        {
            var path = item.GetMetadata("FullPath");
            try
            {
                var bytes = File.ReadAllBytes(path);
                if (SetWeak(bytes))
                    Replace(path, bytes);
            }
            catch (Exception e) when (e is IOException || e is UnauthorizedAccessException || e is InvalidDataException || e is ArgumentException)
            {
                Log.LogError("{0}: cannot mark {1} as weak: {2}", path, Version, e.Message);
            }
        }
        return !Log.HasLoggedErrors;
    }

    /// <summary>True if an entry was changed. Offsets and structures: ELF-64 object file format, and the LSB's symbol versioning.</summary>
    private bool SetWeak(byte[] elf)
    {
        if (elf.Length < 64 || BitConverter.ToUInt32(elf, 0) != 0x464c457f || elf[4] != 2 || elf[5] != 1)
            throw new InvalidDataException("not a 64-bit little-endian ELF file");
        var sections = (long)BitConverter.ToUInt64(elf, 40);
        int sectionSize = BitConverter.ToUInt16(elf, 58), sectionCount = BitConverter.ToUInt16(elf, 60);
        for (var i = 0; i < sectionCount; i++)
        {
            var section = (int)(sections + (long)i * sectionSize);
            if (BitConverter.ToUInt32(elf, section + 4) != SectionTypeVersionNeeds)
                continue;
            var names = (int)(sections + (long)BitConverter.ToUInt32(elf, section + 40) * sectionSize);
            return SetWeak(elf, (int)BitConverter.ToUInt64(elf, section + 24), (int)BitConverter.ToUInt64(elf, names + 24));
        }
        return false;
    }

    /// <summary>Walks the needed files (Verneed) and the versions needed of each (Vernaux).</summary>
    private bool SetWeak(byte[] elf, int need, int names)
    {
        var changed = false;
        for (int next = 1; next != 0; need += next)
        {
            int count = BitConverter.ToUInt16(elf, need + 2), entry = need + BitConverter.ToInt32(elf, need + 8);
            for (var i = 0; i < count; i++)
            {
                if (NameAt(elf, names + BitConverter.ToInt32(elf, entry + 8)) == Version && (elf[entry + 4] & WeakFlag) == 0)
                {
                    elf[entry + 4] |= (byte)WeakFlag;
                    changed = true;
                }
                entry += BitConverter.ToInt32(elf, entry + 12);
            }
            next = BitConverter.ToInt32(elf, need + 12);
        }
        return changed;
    }

    private static string NameAt(byte[] elf, int offset) =>
        Encoding.ASCII.GetString(elf, offset, Array.IndexOf(elf, (byte)0, offset) - offset);

    private void Replace(string path, byte[] bytes)
    {
        var written = File.GetLastWriteTimeUtc(path);
        var patched = path + ".patched";
        File.WriteAllBytes(patched, bytes);
        File.SetLastWriteTimeUtc(patched, written);
        File.Delete(path);
        File.Move(patched, path);
        Log.LogMessage(MessageImportance.Normal, "{0}: marked {1} as weak", path, Version);
    }
}
