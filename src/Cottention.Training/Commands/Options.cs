using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Cottention.Training.Commands;

/// <summary>Makes options whose numbers are checked while the command line is read.</summary>
internal static class Options
{
    /// <summary>An option with a default and a range.</summary>
    public static Option<T> Number<T>(string name, T value, T least, T most, string description)
        where T : struct, IComparable<T>, IFormattable
    {
        var option = new Option<T>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            var given = result.GetValueOrDefault<T>();
            // NaN compares as less than every number.
            if (given.CompareTo(least) < 0 || given.CompareTo(most) > 0)
                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} is {given}; allowed: {least} to {most}."));
        });
        return option;
    }

    /// <summary>An option with a default whose values are the names of an enum, in any case.</summary>
    public static Option<T> Choice<T>(string name, T value, string description)
        where T : struct, Enum
    {
        var allowed = Enum.GetNames<T>().Select(text => text.ToLowerInvariant()).ToArray();
        var option = new Option<T>(name)
        {
            HelpName = string.Join("|", allowed),
            Description = description,
            DefaultValueFactory = _ => value,
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                if (allowed.Contains(text.ToLowerInvariant()))
                    return Enum.Parse<T>(text, ignoreCase: true);
                result.AddError($"{name} is '{text}'; allowed: {string.Join(", ", allowed)}.");
                return default;
            },
        };
        return option;
    }

    /// <summary>Fails the command line when one of the files given is not there.</summary>
    public static void MustExist(Option<string[]> option, Func<string, string> pathOf) => option.Validators.Add(result =>
    {
        foreach (var token in result.Tokens)
            Check(result, pathOf(token.Value));
    });

    /// <summary>Fails the command line when the folder of a file that will be written is not there.</summary>
    public static void FolderMustExist(Option<string?> option) => option.Validators.Add(result =>
    {
        var path = result.GetValueOrDefault<string?>();
        if (string.IsNullOrWhiteSpace(path) || Directory.Exists(path))
            result.AddError($"{option.Name} is '{path}'; allowed: a file.");
        else if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder && !Directory.Exists(folder))
            result.AddError($"{folder}: there is no such folder.");
    });

    private static void Check(OptionResult result, string path)
    {
        if (!File.Exists(path))
            result.AddError($"{path}: there is no such file.");
    }
}
