using System.Text.Json;
using System.Text.Unicode;

namespace Cottention.Inference.Model;

/// <summary>Reads small JSON files of a model's folder; duplicate keys and invalid Unicode are refused.</summary>
internal static class ModelJson
{
    /// <summary>Parses and hands over the root; the result must not keep it.</summary>
    /// <param name="file">The file, for messages.</param>
    /// <param name="json">Its bytes.</param>
    /// <param name="read">Reads what is wanted; it may throw <see cref="InferenceException"/>.</param>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>: not JSON.</exception>
    public static T Read<T>(string file, ReadOnlyMemory<byte> json, Func<JsonElement, T> read)
    {
        if (!Utf8.IsValid(json.Span))
            throw ModelFault.Of(file, null, "is not valid UTF-8");
        try
        {
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            return read(document.RootElement);
        }
        catch (JsonException e)
        {
            throw ModelFault.Of(file, null, $"is not valid JSON: {e.Message}", e);
        }
        // So the parser says that an escape is half of a surrogate pair.
        catch (InvalidOperationException e)
        {
            throw ModelFault.Of(file, null, $"holds text that is not valid Unicode: {e.Message}", e);
        }
    }
}
