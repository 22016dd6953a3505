using System.Text.Json;
using System.Xml.Linq;

namespace Cottention.Architecture.Tests;

/// <summary>The arrows between projects, as their project files say, and what the default server carries.</summary>
public sealed class ProjectTests
{
    // Server references Cuda and Torch when they exist; Cluster is later.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Cottention.Inference"] = [],
        ["Cottention.Cuda"] = ["Cottention.Inference"],
        ["Cottention.Torch"] = ["Cottention.Inference"],
        ["Cottention.Training"] = ["Cottention.Torch", "Cottention.Inference"],
        ["Cottention.Protocol"] = [],
        ["Cottention.Client"] = ["Cottention.Protocol"],
        ["Cottention.Cluster"] = ["Cottention.Inference"],
        ["Cottention.Server"] = ["Cottention.Protocol", "Cottention.Inference", "Cottention.Cuda", "Cottention.Cluster", "Cottention.Torch"],
        ["Cottention.Cli"] = ["Cottention.Client", "Cottention.Inference"],
    };

    public static TheoryData<string> Projects() => [.. Directory.GetDirectories(Path.Combine(Root, "src")).Select(folder => Path.GetFileName(folder))];

    private static string Root { get; } = FindRoot();

    [Theory]
    [MemberData(nameof(Projects))]
    public void References_OfProject_PointDownOnly(string project)
    {
        var references = XDocument.Load(ProjectFile(project)).Descendants("ProjectReference")
            .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)); // MSBuild requires it

        Assert.Empty(references.Except(Allowed[project]));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void TorchSharp_IsFencedInTorchAndTraining(string project)
    {
        var packages = XDocument.Load(ProjectFile(project)).Descendants("PackageReference").Select(package => package.Attribute("Include")!.Value); // MSBuild requires it

        if (project is not ("Cottention.Torch" or "Cottention.Training"))
            Assert.DoesNotContain(packages, package => package.Contains("torch", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void Folders_OfSource_HaveNoVagueNames()
    {
        string[] vague = ["Common", "Core", "Utils", "Util", "Helpers", "Helper", "Manager", "Managers", "Abstractions"];

        var folders = Directory.GetDirectories(Path.Combine(Root, "src"), "*", SearchOption.AllDirectories)
            .Where(folder => !folder.Contains($"{Path.DirectorySeparatorChar}obj", StringComparison.Ordinal));

        Assert.Empty(folders.Select(folder => Path.GetFileName(folder)).Intersect(vague));
    }

    [Fact]
    public void DefaultServer_CarriesNoLibtorch()
    {
        using var dependencies = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Cottention.Server.deps.json")));

        var libraries = dependencies.RootElement.GetProperty("libraries").EnumerateObject().Select(library => library.Name).ToArray();

        Assert.Contains(libraries, library => library.StartsWith("Cottention.Inference/", StringComparison.Ordinal));
        Assert.DoesNotContain(libraries, library => library.Contains("torch", StringComparison.OrdinalIgnoreCase));
    }

    private static string ProjectFile(string project) => Path.Combine(Root, "src", project, project + ".csproj");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Cottention.sln")))
                return folder.FullName;
        throw new InvalidOperationException($"No Cottention.sln above {AppContext.BaseDirectory}.");
    }
}
