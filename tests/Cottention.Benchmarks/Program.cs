using System.Globalization;
using Cottention.Benchmarks;

if (args is ["long-decode", var early, var total])
    return await LongDecode.RunAsync(int.Parse(early, CultureInfo.InvariantCulture), int.Parse(total, CultureInfo.InvariantCulture));
await Console.Error.WriteLineAsync("Usage: long-decode EARLY TOTAL");
return 2;
