namespace Cottention.Conformance;

/// <summary>Finds committed test data.</summary>
public static class Fixtures
{
    /// <summary>The repository's root: the folder that holds <c>Cottention.sln</c>.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>A path under <c>tests/fixtures</c>.</summary>
    public static string Path(params string[] parts) =>
        System.IO.Path.Combine([RepositoryRoot, "tests", "fixtures", .. parts]);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Cottention.sln")))
                return folder.FullName;
        throw new InvalidOperationException($"No Cottention.sln above {AppContext.BaseDirectory}.");
    }
}
