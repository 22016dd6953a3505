using System.Diagnostics;
using System.Globalization;
using Cottention.Conformance;

namespace Cottention.Inference.Tests.Engine;

/// <summary>Nothing grows: one session, a million tokens, in a process that does nothing else (<c>LongDecode</c> of the benchmarks).</summary>
[Trait("Category", "Long")]
public sealed class MillionTokensTests
{
    private const int Early = 10_000;
    private const int Total = 1_000_000;
    private const long OneMegabyte = 1_000_000;

    [Fact]
    public async Task Decode_AMillionTokens_AllocatesNothingAndResidentMemoryStays()
    {
        var numbers = await MeasureAsync();

        Assert.Equal(6, numbers.Length);
        var (allocated, residentGrowth, heapGrowth, position) = (numbers[0], numbers[2] - numbers[1], numbers[4] - numbers[3], numbers[5]);
        Assert.Equal(Total, position);
        Assert.Equal(0, allocated);
        Assert.True(residentGrowth < OneMegabyte, $"resident memory grew by {residentGrowth} bytes");
        Assert.True(heapGrowth < OneMegabyte / 10, $"the managed heap grew by {heapGrowth} bytes");
    }

    private static async Task<long[]> MeasureAsync()
    {
        var program = Path.Combine(Fixtures.RepositoryRoot, "artifacts", "bin", "Cottention.Benchmarks",
            new DirectoryInfo(AppContext.BaseDirectory).Name, "Cottention.Benchmarks.dll");
        var start = new ProcessStartInfo("dotnet", [program, "long-decode", $"{Early}", $"{Total}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Compiles once: what the JIT adds while code gets hot (0.8 MB, the same at 1 and at 4 million tokens) is not the session's.
        start.Environment["DOTNET_TieredCompilation"] = "0";
        using var process = Process.Start(start)!; // a process is always started anew here
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, await error);
        return [.. output.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(number => long.Parse(number, CultureInfo.InvariantCulture))];
    }
}
