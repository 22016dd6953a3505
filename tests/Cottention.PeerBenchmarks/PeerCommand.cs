using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Cottention.PeerBenchmarks.Gguf;
using Cottention.PeerBenchmarks.Sides;
using LLama.Exceptions;

namespace Cottention.PeerBenchmarks;

/// <summary>The command line.</summary>
internal static class PeerCommand
{
    private const int Failed = 1;
    private const int Usage = 2;

    private const string Description =
        "Compares Cottention's CPU runner with llama.cpp (LLamaSharp) on this machine, block by block in turn, and prints one Markdown table.\n"
        + "Models have random weights: only speed and memory are compared. README.md beside the project says what is fair about it.\n"
        + "Exit codes: 0 done, 1 failed, 2 wrong option.";

    private static readonly Option<string[]> WorkNames = new("--work")
    {
        Description = "What to run, one or more of: " + string.Join(", ", Work.All.Select(work => work.Name)) + ". Default: all.",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string[]> Weights = new("--weights")
    {
        Description = "Weights of ours, one or more of: " + string.Join(", ", FormatPair.All.Select(format => $"{format.Ours} (against {format.Peer})"))
            + ". Default: those that have a target for the work. Name work and weights to run a pair without one.",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<string> Folder = new("--folder")
    {
        Description = "Folder of the GGUF files, 0.2 to 1.3 GB each; what is missing is written, and stays for the next run.",
        DefaultValueFactory = _ => Path.Combine(Path.GetTempPath(), "cottention-peers"),
    };

    private static readonly Option<string?> Out = new("--out") { Description = "File that the table is written to as well, after each pair." };

    private static readonly Option<int> Threads = Number("--threads", "Threads of either side.", 2, 1, 1024);
    private static readonly Option<int> Rounds = Number("--rounds", "Rounds of ours, then the peer's.", 5, 1, 1000);
    private static readonly Option<int> Block = Number("--block", "Least length of a block of steps, in ms.", 1000, 100, 60_000);
    private static readonly Option<int> Patience = Number("--patience", "Longest wait for a quiet machine before a block, in s.", 30, 0, 3600);

    private static readonly Option<bool> Check = new("--check")
    {
        Description = "Compare nothing; check that llama.cpp reads the written files: logits of each type beside those of F32 (writes 5 GB).",
    };

    public static int Invoke(string[] args)
    {
        CheckNames(WorkNames, Work.All.Select(work => work.Name));
        CheckNames(Weights, FormatPair.All.Select(format => format.Ours.ToString()));
        var root = new RootCommand(Description) { WorkNames, Weights, Folder, Out, Threads, Rounds, Block, Patience, Check };
        root.SetAction(parsed => parsed.GetValue(Check) ? RunCheck(Options(parsed)) : Run(Options(parsed)));
        var parsed = root.Parse(args);
        if (parsed.Errors.Count == 0)
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        foreach (var error in parsed.Errors)
            Console.Error.WriteLine($"error: {error.Message}");
        Console.Error.WriteLine("Try: --help");
        return Usage;
    }

    private static int Run(PeerOptions options)
    {
        Directory.CreateDirectory(options.Folder);
        LlamaSide.QuietLog();
        using var comparison = new Comparison(options);
        var (results, skipped) = (new List<PairResult>(), new List<string>());
        foreach (var (work, format) in options.Pairs)
        {
            if (Obstacle(work) is { } reason || !TryRun(comparison, work, format, results, out reason))
            {
                skipped.Add($"{work.Title}, {format.Ours}: {reason}");
                Progress.Line($"left out: {skipped[^1]}");
                continue;
            }

            if (options.Out is { } path)
                File.WriteAllText(path, Report.Of(options, results, skipped, TimeProvider.System.GetUtcNow()));
        }

        Console.Out.Write(Report.Of(options, results, skipped, TimeProvider.System.GetUtcNow()));
        return results.Count > 0 ? 0 : Failed;
    }

    // One pair that fails does not take the others' results with it.
    private static bool TryRun(Comparison comparison, Work work, FormatPair format, List<PairResult> results, [NotNullWhen(false)] out string? reason)
    {
        reason = null;
        try
        {
            results.Add(comparison.Run(work, format));
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or UnauthorizedAccessException or RuntimeError)
        {
            reason = e.Message;
        }

        return reason is null;
    }

    private static int RunCheck(PeerOptions options)
    {
        Directory.CreateDirectory(options.Folder);
        LlamaSide.QuietLog();
        return GgufCheck.Run(options.Folder, options.Threads) ? 0 : Failed;
    }

    // Why a pair cannot run here, or null.
    private static string? Obstacle(Work work)
    {
        var (needed, free) = (MemoryNeed.Bytes(work), MemoryNeed.AvailableBytes());
        return needed <= free ? null : FormattableString.Invariant($"needs about {needed / 1e9:F1} GB of memory, {free / 1e9:F1} GB are free");
    }

    private static PeerOptions Options(ParseResult parsed)
    {
        var works = Chosen(parsed.GetValue(WorkNames), Work.All, work => work.Name);
        var formats = Chosen(parsed.GetValue(Weights), FormatPair.All, format => format.Ours.ToString());
        var namesBoth = parsed.GetResult(WorkNames) is not null && parsed.GetResult(Weights) is not null;
        return new PeerOptions
        {
            Folder = parsed.GetRequiredValue(Folder),
            Pairs = [.. from work in works from format in formats where namesBoth || Target.Of(work, format) is not null select (work, format)],
            Out = parsed.GetValue(Out),
            Threads = parsed.GetValue(Threads),
            Rounds = parsed.GetValue(Rounds),
            Block = TimeSpan.FromMilliseconds(parsed.GetValue(Block)),
            Patience = TimeSpan.FromSeconds(parsed.GetValue(Patience)),
        };
    }

    private static IReadOnlyList<T> Chosen<T>(string[]? names, IReadOnlyList<T> all, Func<T, string> nameOf) =>
        names is null or [] ? all : [.. all.Where(item => names.Contains(nameOf(item), StringComparer.OrdinalIgnoreCase))];

    private static void CheckNames(Option<string[]> option, IEnumerable<string> allowed) => option.Validators.Add(result =>
    {
        foreach (var token in result.Tokens)
            if (!allowed.Contains(token.Value, StringComparer.OrdinalIgnoreCase))
                result.AddError($"{option.Name} is '{token.Value}'; allowed: {string.Join(", ", allowed)}");
    });

    private static Option<int> Number(string name, string description, int standard, int least, int most)
    {
        var option = new Option<int>(name) { Description = $"{description} {least} to {most}.", DefaultValueFactory = _ => standard };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && (!int.TryParse(token.Value, out var number) || number < least || number > most))
                result.AddError($"{name} is '{token.Value}'; allowed: {least} to {most}");
        });
        return option;
    }
}
