using Cottention.Inference;

namespace Cottention.Cli;

/// <summary>What commands that work on files share: how a fault becomes a line and an exit code, and how Ctrl-C ends them.</summary>
internal static class FileCommands
{
    /// <inheritdoc cref="RunAsync(Func{CancellationToken, Task})"/>
    public static Task<int> RunAsync(Action<CancellationToken> work) => RunAsync(cancellation =>
    {
        work(cancellation);
        return Task.CompletedTask;
    });

    /// <summary>Runs the work off the caller's thread; returns the exit code.</summary>
    public static async Task<int> RunAsync(Func<CancellationToken, Task> work)
    {
        try
        {
            using var interrupt = new Interrupt();
            return await interrupt.RunAsync(async cancellation =>
            {
                await Task.Run(() => work(cancellation), cancellation);
                return ExitCode.Done;
            });
        }
        catch (InferenceException refusal)
        {
            Note.Error(refusal.Message);
            return ExitCode.Failure;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Note.Error(e.Message);
            return ExitCode.Failure;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
    }
}
