namespace Cottention.Inference.Model;

/// <summary>
/// Reads <c>config.json</c> of a GPT-J shaped Cottention model and checks every number, so that no later arithmetic on
/// sizes can overflow. Keys it does not know are ignored.
/// </summary>
public static class ModelConfigReader
{
    /// <summary>Name of the file in a model's folder.</summary>
    public const string FileName = "config.json";

    /// <summary>Longest file, bytes.</summary>
    private const int MaxFileBytes = 1 << 20;

    private const int MaxEmbeddingSize = 1 << 16;
    private const int MaxLayers = 1024;
    private const int MaxHeadDim = 1024;
    private const int MaxInnerSize = 1 << 18;
    private const int MaxVocabularySize = 1 << 24;
    private const long MaxParameters = 1L << 36;

    /// <summary>Reads and checks a configuration.</summary>
    /// <param name="path">A model's folder, or the file itself.</param>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidModel"/>, with the key, its value and what is allowed.</exception>
    public static ModelConfig Read(string path)
    {
        var file = Directory.Exists(path) ? Path.Combine(path, FileName) : path;
        return Parse(file, ModelFiles.ReadSmall(file, MaxFileBytes));
    }

    /// <summary>Checks a configuration that is in memory.</summary>
    /// <param name="file">The file, for messages.</param>
    /// <param name="json">Its bytes.</param>
    internal static ModelConfig Parse(string file, ReadOnlyMemory<byte> json) =>
        ModelJson.Read(file, json, root =>
        {
            var config = Read(new ConfigFields(file, root));
            CheckSizes(file, config);
            return config;
        });

    private static ModelConfig Read(ConfigFields fields)
    {
        fields.RequireText("activation_function", "gelu_new");
        var embedding = fields.Int("n_embd", 2, MaxEmbeddingSize);
        var heads = fields.Int("n_head", 1, embedding);
        if (embedding % heads != 0)
            throw fields.Fault("n_head", $"is {heads}; allowed: a divisor of n_embd = {embedding}");
        var headDim = embedding / heads;
        if (headDim is < 2 or > MaxHeadDim || headDim % 2 != 0)
            throw fields.Fault("n_head", $"is {heads}, which makes n_embd / n_head = {headDim}; allowed: even, 2 to {MaxHeadDim}");
        var vocabulary = fields.Int("vocab_size", 2, MaxVocabularySize);
        return new ModelConfig
        {
            EmbeddingSize = embedding,
            HeadCount = heads,
            LayerCount = fields.Int("n_layer", 1, MaxLayers),
            InnerSize = fields.IntOrNull("n_inner", 1, MaxInnerSize) ?? 4 * embedding,
            VocabularySize = vocabulary,
            RotaryDim = RotaryDim(fields, headDim),
            TrainedPositions = fields.Int("n_positions", 1, int.MaxValue),
            LayerNormEpsilon = fields.PositiveNumber("layer_norm_epsilon", ifAbsent: 1e-5, max: 1),
            BosTokenId = fields.IntOrNull("bos_token_id", 0, vocabulary - 1),
            EosTokenId = fields.IntOrNull("eos_token_id", 0, vocabulary - 1),
            TieWordEmbeddings = fields.Bool("tie_word_embeddings", ifAbsent: false),
        };
    }

    /// <summary>The key must be there: for an absent one GPT-J means 64, for null the authors mean the whole head.</summary>
    private static int RotaryDim(ConfigFields fields, int headDim)
    {
        const string key = "rotary_dim";
        if (!fields.Has(key))
            throw fields.Fault(key, $"is missing; allowed: an even number from 2 to {headDim}, or null for {headDim}");
        var rotary = fields.IntOrNull(key, 2, headDim) ?? headDim;
        return rotary % 2 == 0
            ? rotary
            : throw fields.Fault(key, $"is {rotary}; allowed: an even number from 2 to {headDim}, or null for {headDim}");
    }

    private static void CheckSizes(string file, ModelConfig config)
    {
        var largest = (long)config.EmbeddingSize * Math.Max(config.VocabularySize, config.InnerSize);
        if (largest > int.MaxValue)
            throw ModelFault.Of(file, null, $"n_embd {config.EmbeddingSize} makes a matrix of {largest} weights; allowed: up to {int.MaxValue}");
        var state = (long)config.LayerCount * config.EmbeddingSize * config.HeadDim;
        if (state > int.MaxValue)
            throw ModelFault.Of(file, null, $"a session's state has {state} numbers; allowed: up to {int.MaxValue}");
        if (config.ParameterCount > MaxParameters)
            throw ModelFault.Of(file, null, $"the model has {config.ParameterCount} parameters; allowed: up to {MaxParameters}");
    }
}
