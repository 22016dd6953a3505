using System.Globalization;
using Cottention.Inference.Model;

namespace Cottention.Server.Hosting;

/// <summary>What the server says once it serves: the model, what a session costs, how many fit, where it listens.</summary>
internal static class StartReport
{
    private const double KiB = 1024;
    private const double MiB = 1024 * 1024;

    public static void Print(TextWriter output, ServedModel served, ServerOptions options, Listeners listeners, TimeSpan loadTime)
    {
        var config = served.Model.Config;
        var budget = served.Plan.Budget;
        var slots = options.Engine.SessionSlots;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
            Cottention {ServerVersion.Text}
              model     {served.Model.Name}: {served.ParameterCount:N0} parameters, {config.LayerCount} layers x {config.HeadCount} heads x {config.HeadDim}, vocabulary {config.VocabularySize}; loaded in {loadTime.TotalSeconds:0.0} s
              runner    {served.Device}: {served.Runner}
              device    {served.Plan.Choice.Reason}
              state     {StateLayout.Of(config).Bytes / KiB:N0} KiB a session at any length
              sessions  {slots} in memory ({slots * budget.SlotBytes / MiB:N1} MiB), others parked in {Path.GetFullPath(options.Sessions)}; {budget.SessionsThatFit:N0} would fit in {budget.Bytes / MiB:N0} MiB
              gRPC      {listeners.GrpcAddress}
              HTTP      {listeners.HttpAddress}  (/healthz /readyz /metrics, gRPC-Web)
            Ready.
            """));
    }
}
