using System.Buffers.Binary;
using System.Text;

namespace Cottention.Inference.Tests.Model;

/// <summary>Puts a safetensors file together by hand, right or wrong.</summary>
internal static class RawSafetensors
{
    public static byte[] File(string header, int dataLength, long? headerLength = null) =>
        File(Encoding.UTF8.GetBytes(header), new byte[dataLength], headerLength);

    public static byte[] File(byte[] header, byte[] data, long? headerLength = null)
    {
        var file = new byte[sizeof(long) + header.Length + data.Length];
        BinaryPrimitives.WriteInt64LittleEndian(file, headerLength ?? header.Length);
        header.CopyTo(file, sizeof(long));
        data.CopyTo(file, sizeof(long) + header.Length);
        return file;
    }
}
