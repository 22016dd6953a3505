using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Cottention.Cli.Bench;

/// <summary>Flags that hold whole numbers of a range, with a default.</summary>
internal static class RangeOption
{
    /// <summary>One number.</summary>
    public static Option<int> One(string name, string help, int value, int least, int most) => new(name)
    {
        HelpName = "n",
        Description = help,
        DefaultValueFactory = _ => value,
        CustomParser = result => Parse(name, result, least, most, isList: false) is [var number] ? (int)number : value,
    };

    /// <summary>Numbers parted by commas.</summary>
    public static Option<NumberList> List(string name, string help, IEnumerable<long> values, long least, long most) => new(name)
    {
        HelpName = "n,n,...",
        Description = help,
        DefaultValueFactory = _ => new NumberList([.. values]),
        CustomParser = result => new NumberList(Parse(name, result, least, most, isList: true)),
    };

    private static long[] Parse(string name, ArgumentResult result, long least, long most, bool isList)
    {
        var text = result.Tokens[0].Value;
        var numbers = new List<long>();
        foreach (var part in isList ? text.Split(',') : [text])
            if (long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
                numbers.Add(number);
            else
            {
                result.AddError(string.Create(CultureInfo.InvariantCulture,
                    $"{name} is '{text}'; allowed: {(isList ? "whole numbers" : "a whole number")} from {least} to {most}{(isList ? ", parted by commas" : "")}"));
                return [];
            }
        return [.. numbers.Distinct()];
    }
}
