using Cottention.Conformance;
using Cottention.Torch.Runners;

namespace Cottention.Torch.Tests.Runners;

/// <summary>The mirror of the header's struct, beside what a C compiler makes of the header.</summary>
public sealed class RecurrentLaunchTests
{
    private const string Name = "ctn_recurrent";

    // The header has the paper's letters.
    private static readonly Dictionary<string, string> Letters = new()
    {
        [nameof(RecurrentLaunch.DType)] = "dtype",
        [nameof(RecurrentLaunch.StateDType)] = "state_dtype",
        [nameof(RecurrentLaunch.QueryKeyValue)] = "qkv",
        [nameof(RecurrentLaunch.QueryOffset)] = "q_offset",
        [nameof(RecurrentLaunch.KeyOffset)] = "k_offset",
        [nameof(RecurrentLaunch.ValueOffset)] = "v_offset",
        [nameof(RecurrentLaunch.Output)] = "o",
        [nameof(RecurrentLaunch.OutputStride)] = "o_stride",
    };

    [NeedsCCompilerFact]
    public void Mirror_OfTheHeader_IsTheSame() => HeaderMirror.AssertSame(
    [
        ("CTN_ABI_VERSION", NativeKernels.AbiVersion),
        .. HeaderMirror.Expected(typeof(RecurrentLaunch), Name, field => Letters.GetValueOrDefault(field) ?? HeaderMirror.Snake(field)),
    ]);

    [Fact]
    public void Fields_AreAllThoseOfTheHeader() => HeaderMirror.AssertAllFields(typeof(RecurrentLaunch), Name);
}
