using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Cottention.Inference.Model;

/// <summary>The hash by which a session knows its model again.</summary>
internal static class CheckpointFingerprint
{
    /// <summary>First bytes that are hashed; another rule takes another word.</summary>
    private const string Version = "cottention-checkpoint-1";

    private const int ChunkBytes = 1 << 24;

    /// <summary>SHA-256 in lower-case hexadecimal.</summary>
    /// <param name="config">Of it, what decides numbers; n_positions and the special tokens do not.</param>
    /// <param name="tensors">In name order.</param>
    public static string Compute(ModelConfig config, IEnumerable<StoredTensor> tensors)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, Version);
        Append(hash, string.Create(CultureInfo.InvariantCulture,
            $"n_embd {config.EmbeddingSize} n_head {config.HeadCount} n_layer {config.LayerCount} n_inner {config.InnerSize} "
            + $"vocab_size {config.VocabularySize} rotary_dim {config.RotaryDim} "
            + $"layer_norm_epsilon {config.LayerNormEpsilon:R} tied {config.TieWordEmbeddings}"));
        foreach (var (file, tensor) in tensors)
        {
            Append(hash, tensor.Name);
            Append(hash, tensor.Dtype.FormatName());
            Append(hash, ModelFault.ShapeText(tensor.Shape));
            for (var offset = 0L; offset < tensor.ByteLength; offset += ChunkBytes)
                hash.AppendData(file.Bytes(tensor, offset, (int)Math.Min(ChunkBytes, tensor.ByteLength - offset)));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Length and text, so that no two lists of texts hash the same bytes.</summary>
    private static void Append(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}
