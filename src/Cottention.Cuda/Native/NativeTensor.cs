namespace Cottention.Cuda.Native;

/// <summary><c>ctn_tensor</c>; the header has the shapes.</summary>
internal enum NativeTensor
{
    Embedding = 0,
    NormWeight = 1,
    NormBias = 2,
    Query = 3,
    Key = 4,
    Value = 5,
    Sigma = 6,
    AttentionOut = 7,
    MlpIn = 8,
    MlpInBias = 9,
    MlpOut = 10,
    MlpOutBias = 11,
    FinalNormWeight = 12,
    FinalNormBias = 13,
    Head = 14,
    HeadBias = 15,
}
