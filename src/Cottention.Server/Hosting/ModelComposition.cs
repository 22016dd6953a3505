using Cottention.Inference;
using Cottention.Inference.Engine;
using Cottention.Inference.Model;
using Cottention.Inference.Runners;
using Cottention.Inference.Runners.Cpu;
using Cottention.Inference.Sessions;
using Cottention.Inference.Tokenization;

namespace Cottention.Server.Hosting;

/// <summary>From a folder to what serves it: checkpoint, tokenizer, runner, engine, store, host. Each part gets what it needs, nobody looks it up.</summary>
internal static class ModelComposition
{
    /// <summary>Loads the model of the options. Raises <see cref="InferenceException"/> with one line where it cannot, and leaves nothing behind then.</summary>
    public static ServedModel Load(ServerOptions options, ILoggerFactory loggers, TimeProvider time) =>
        Load(options, loggers, time, (choice, checkpoint) => RunnerFactory.Make(choice, checkpoint, options, loggers, time));

    /// <summary>The same with another way to make runners.</summary>
    internal static ServedModel Load(ServerOptions options, ILoggerFactory loggers, TimeProvider time, Func<RunnerChoice, Checkpoint, IModelRunner> make)
    {
        var folder = ModelFolder.Find(options.Model);
        using var checkpoint = Checkpoint.Open(folder);
        checkpoint.BeginFingerprint();
        var tokenizer = TextTokenizer.Load(folder, checkpoint.Config);
        var chat = ChatFormat.Read(folder);
        var composition = new RunnerComposition(checkpoint, options, Machine.This(), choice => make(choice, checkpoint));
        var plan = composition.Choose();

        // After what can be refused for nothing, and before the weights, which take long.
        var store = new FileSessionStore(options.Sessions, loggers.CreateLogger<FileSessionStore>());
        var name = options.ModelName ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(folder));
        var metrics = new EngineMetrics(name);
        var logger = loggers.CreateLogger(typeof(ModelComposition));
        IModelRunner? runner = null;
        try
        {
            (plan, runner) = composition.Create(plan);
            ServerLog.DeviceChosen(logger, plan.Choice.Reason);
            var model = new LoadedModel(name, checkpoint.Config, tokenizer, composition.Weights.FingerprintOf(checkpoint), chat);
            var engine = new InferenceEngine(model, runner, options.Engine, metrics, time, loggers.CreateLogger<InferenceEngine>());
            return Serve(engine, store, runner, plan, ParameterCount(checkpoint), loggers, time);
        }
        catch
        {
            runner?.Dispose();
            metrics.Dispose();
            store.Withdraw();
            throw;
        }
    }

    private static ServedModel Serve(
        InferenceEngine engine, FileSessionStore store, IModelRunner runner, RunnerPlan plan, long parameters, ILoggerFactory loggers, TimeProvider time)
    {
        var host = new LocalSessionHost(engine, store, time, loggers.CreateLogger<LocalSessionHost>());
        return new ServedModel(engine.Model, host, parameters, runner.Device, runner.Description, plan, () => engine.TimeSinceLastTick, CloseAsync);

        async ValueTask CloseAsync()
        {
            await engine.DisposeAsync();
            engine.Metrics.Dispose();
            store.Dispose();
        }
    }

    private static long ParameterCount(Checkpoint checkpoint) =>
        checkpoint.TensorNames.Sum(name => checkpoint.ShapeOf(name).Aggregate(1L, (product, size) => product * size));
}
