namespace Cottention.Cli;

/// <summary>What the process returns. Documented in README.md and in <c>--help</c>.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>Refused by the server, or failed here; one line on stderr says why.</summary>
    public const int Failure = 1;

    /// <summary>Wrong command or flags.</summary>
    public const int Usage = 2;

    /// <summary>No server at the address, or its model is still loading.</summary>
    public const int Unreachable = 3;

    /// <summary>Ended by Ctrl-C: 128 + SIGINT.</summary>
    public const int Interrupted = 130;
}
