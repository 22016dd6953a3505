using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;

namespace Cottention.Cli.Generate;

/// <summary>Flags that hold numbers, with errors that say what is allowed.</summary>
internal static class NumberOption
{
    /// <summary>A number, or null where the flag is not given.</summary>
    public static Option<T?> One<T>(string name, string valueName, string help)
        where T : struct, INumber<T> => new(name)
        {
            HelpName = valueName,
            Description = help,
            CustomParser = result => Parse<T>(name, result) is [var value] ? value : null,
        };

    /// <summary>Any number of numbers: the flag may be repeated.</summary>
    public static Option<T[]> Many<T>(string name, string valueName, string help)
        where T : struct, INumber<T> => new(name)
        {
            HelpName = valueName,
            Description = help + " May be repeated.",
            Arity = ArgumentArity.ZeroOrMore,
            CustomParser = result => Parse<T>(name, result),
        };

    private static T[] Parse<T>(string name, ArgumentResult result)
        where T : struct, INumber<T>
    {
        var values = new List<T>();
        foreach (var token in result.Tokens)
            if (T.TryParse(token.Value, CultureInfo.InvariantCulture, out var value))
                values.Add(value);
            else
                result.AddError($"{name} is '{token.Value}'; allowed: {Allowed<T>()}");
        return [.. values];
    }

    private static string Allowed<T>() => typeof(T) == typeof(float) ? "a number"
        : typeof(T) == typeof(ulong) ? $"a whole number from 0 to {ulong.MaxValue}"
        : $"a whole number from {int.MinValue} to {int.MaxValue}";
}
