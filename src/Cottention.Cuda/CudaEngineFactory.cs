using Cottention.Cuda.Native;
using Cottention.Inference;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;
using Microsoft.Extensions.Logging;

namespace Cottention.Cuda;

/// <summary>Makes an engine with a model's weights, ready to step.</summary>
internal static unsafe class CudaEngineFactory
{
    /// <summary>The device of a number, of those found.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidArgument"/>: there is none of it; the message says why.</exception>
    public static CudaDevice Require(int device, CudaDeviceList found)
    {
        if (found.WhyNone is { } reason)
            throw new InferenceException(InferenceError.InvalidArgument, $"no CUDA device can be used: {reason}");
        return device < found.Devices.Count
            ? found.Devices[device]
            : throw new InferenceException(InferenceError.InvalidArgument, $"the CUDA device is {device}; allowed: 0 to {found.Devices.Count - 1}");
    }

    /// <summary>The format of weights on a device.</summary>
    /// <exception cref="InferenceException"><see cref="InferenceError.InvalidArgument"/>: devices do not compute with it.</exception>
    public static WeightFormat Choose(WeightFormat asked, WeightFormat stored)
    {
        var format = asked == WeightFormat.Auto ? stored : asked;
        return format is WeightFormat.F32 or WeightFormat.Bf16
            ? format
            : throw new InferenceException(InferenceError.InvalidArgument,
                $"the weights would be {format.Name()}{(asked == WeightFormat.Auto ? ", as the checkpoint's are" : "")}; "
                + "a CUDA device computes with f32 or bf16: choose one of them, or run on the CPU");
    }

    /// <summary>Takes the device's memory, loads the weights and seals the engine.</summary>
    public static EngineHandle Create(
        ModelConfig config, WeightRowReader read, WeightFormat weights, CudaRunnerOptions options, CudaDevice device, ILogger logger, TimeProvider time)
    {
        CudaRunnerLog.Loading(logger, config.ParameterCount, weights, device);
        var progress = new LoadProgress(read, config.ParameterCount, (percent, seconds) => CudaRunnerLog.Progress(logger, percent, seconds), time);
        var engine = Allocate(config, weights, options);
        try
        {
            new CudaModelLoader(config, progress.Read, engine).Load();
            NativeStatus.Check(NativeMethods.Seal(engine));
            var memory = new NativeEngineMemory { StructSize = sizeof(NativeEngineMemory) };
            NativeStatus.Check(NativeMethods.DescribeMemory(engine, &memory));
            CudaRunnerLog.Loaded(logger, progress.Elapsed.TotalSeconds, memory.WeightBytes, memory.StateBytes, memory.TailBytes, memory.BufferBytes);
            return engine;
        }
        catch
        {
            engine.Dispose();
            throw;
        }
    }

    private static EngineHandle Allocate(ModelConfig config, WeightFormat weights, CudaRunnerOptions options)
    {
        fixed (ulong* turns = new RotaryTurns(config.RotaryDim).Turns)
        {
            var native = new NativeEngineConfig
            {
                StructSize = sizeof(NativeEngineConfig),
                Device = options.Device,
                Layers = config.LayerCount,
                Heads = config.HeadCount,
                HeadDim = config.HeadDim,
                RotaryDim = config.RotaryDim,
                Inner = config.InnerSize,
                Vocabulary = config.VocabularySize,
                TiedHead = config.TieWordEmbeddings ? 1 : 0,
                LayerNormEpsilon = config.LayerNormEpsilon,
                Turns = turns,
                WeightDtype = weights == WeightFormat.Bf16 ? NativeDtype.Bf16 : NativeDtype.F32,
                StateDtype = NativeDtype.F32,
                Slots = options.SlotCount,
                MaxRows = options.MaxRows,
                MaxTokens = options.MaxTokens,
                ProvisionalRows = options.MaxProvisionalRows,
                ProvisionalTokens = options.MaxProvisionalTokens,
                FoldInterval = options.FoldInterval,
                ChunkTokens = options.ChunkTokens,
            };
            var status = NativeMethods.CreateEngine(&native, out var engine);
            // The options are checked: what is refused is the model's shape.
            if (status == NativeStatusCode.InvalidArgument)
                throw new InferenceException(InferenceError.InvalidModel, NativeStatus.LastMessage());
            NativeStatus.Check(status);
            return engine;
        }
    }
}
