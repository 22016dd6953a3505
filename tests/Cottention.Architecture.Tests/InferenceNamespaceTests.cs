using System.Reflection;
using Cottention.Inference;

namespace Cottention.Architecture.Tests;

/// <summary>Inside Cottention.Inference: Sessions -> Engine -> {Runners, Sampling, Tokenization} -> Model, and nothing of hosting.</summary>
public sealed class InferenceNamespaceTests
{
    private const string Root = "Cottention.Inference";

    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        [""] = [],
        ["Model"] = [""],
        ["Tokenization"] = ["", "Model"],
        ["Sampling"] = ["", "Model"],
        ["Runners"] = ["", "Model"],
        ["Engine"] = ["", "Model", "Tokenization", "Sampling", "Runners"],
        ["Sessions"] = ["", "Model", "Tokenization", "Sampling", "Runners", "Engine"],
    };

    private static readonly Assembly Inference = typeof(InferenceException).Assembly;

    [Fact]
    public void Folders_OfInference_AreTheKnownOnes()
    {
        var folders = Ours().Select(Folder).ToHashSet();

        Assert.Equal(Allowed.Keys.Order(StringComparer.Ordinal), folders.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Arrows_OfInference_PointDownOnly()
    {
        var wrong = from type in Ours()
                    from used in TypeDependencies.Of(type)
                    where used.Assembly == Inference && IsOurs(used)
                    let source = Folder(type)
                    let target = Folder(used)
                    where source != target && !Allowed[source].Contains(target)
                    select $"{type.FullName} -> {used.FullName}";

        Assert.Empty(wrong.Distinct());
    }

    [Theory]
    [InlineData("Microsoft.AspNetCore.")]
    [InlineData("Grpc.")]
    [InlineData("Google.")]
    [InlineData("TorchSharp")]
    [InlineData("Orleans.")]
    [InlineData("StackExchange.")]
    [InlineData("OpenTelemetry")]
    [InlineData("Microsoft.Extensions.Hosting")]
    public void Inference_Hosting_IsNotReferenced(string prefix) =>
        Assert.DoesNotContain(Inference.GetReferencedAssemblies(), name => name.Name!.StartsWith(prefix, StringComparison.Ordinal)); // an assembly has a name

    private static IEnumerable<Type> Ours() => Inference.GetTypes().Where(IsOurs);

    // Generators put their own types elsewhere.
    private static bool IsOurs(Type type) => type.Namespace is { } name && (name == Root || name.StartsWith(Root + ".", StringComparison.Ordinal));

    private static string Folder(Type type) => type.Namespace == Root ? "" : type.Namespace![(Root.Length + 1)..].Split('.')[0]; // IsOurs: it has a namespace
}
