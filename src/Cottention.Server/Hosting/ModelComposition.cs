using Cottention.Inference;
using Cottention.Inference.Engine;
using Cottention.Inference.Model;
using Cottention.Inference.Sessions;
using Cottention.Inference.Tokenization;

namespace Cottention.Server.Hosting;

/// <summary>From a folder to what serves it: checkpoint, tokenizer, runner, engine, store, host. Each part gets what it needs, nobody looks it up.</summary>
internal static class ModelComposition
{
    /// <summary>Loads the model of the options. Raises <see cref="InferenceException"/> with one line where it cannot.</summary>
    public static ServedModel Load(ServerOptions options, ILoggerFactory loggers, TimeProvider time)
    {
        var folder = ModelFolder.Find(options.Model);
        using var checkpoint = Checkpoint.Open(folder);
        checkpoint.BeginFingerprint();
        var tokenizer = TextTokenizer.Load(folder, checkpoint.Config);
        var chat = ChatFormat.Read(folder);

        var store = new FileSessionStore(options.Sessions, loggers.CreateLogger<FileSessionStore>());
        var (choice, budget, runner, fingerprint) = RunnerComposition.Create(checkpoint, options, loggers, time);
        var logger = loggers.CreateLogger(typeof(ModelComposition));
        ServerLog.DeviceChosen(logger, choice.Reason);
        var model = new LoadedModel(
            options.ModelName ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)), checkpoint.Config, tokenizer, fingerprint, chat);
        var metrics = new EngineMetrics(model.Name);
        var engine = new InferenceEngine(model, runner, options.Engine, metrics, time, loggers.CreateLogger<InferenceEngine>());
        var host = new LocalSessionHost(engine, store, time, loggers.CreateLogger<LocalSessionHost>());
        return new ServedModel(model, host, ParameterCount(checkpoint), runner.Device, runner.Description, choice, budget, () => engine.TimeSinceLastTick, CloseAsync);

        async ValueTask CloseAsync()
        {
            await engine.DisposeAsync();
            metrics.Dispose();
            store.Dispose();
        }
    }

    private static long ParameterCount(Checkpoint checkpoint) =>
        checkpoint.TensorNames.Sum(name => checkpoint.ShapeOf(name).Aggregate(1L, (product, size) => product * size));
}
