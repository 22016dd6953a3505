using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Cottention.Benchmarks;
using Cottention.Benchmarks.Served;
using Cottention.Inference.Model;
using Cottention.Inference.Runners.Cpu;

switch (args)
{
    case ["long-decode", var early, var total]:
        return await LongDecode.RunAsync(Number(early), Number(total));
    case ["write-model", var folder, var dtype]:
        RandomCheckpoint.Write(folder, Enum.Parse<SafetensorsDtype>(dtype, ignoreCase: true));
        return 0;
    case ["start-up", var folder, var format, var threads, var rounds]:
        StartUp.Run(folder, Enum.Parse<WeightFormat>(format, ignoreCase: true), Number(threads), Number(rounds));
        return 0;
    case ["kernels", .. var arguments]:
        // In this process: a project that BenchmarkDotNet generated would not find its way through this repository's build.
        var inProcess = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
        BenchmarkSwitcher.FromTypes([typeof(PanelProductBenchmark), typeof(RowKernelBenchmark)]).Run(arguments, inProcess);
        return 0;
    case ["served", .. var rest] when rest.Length <= 1:
        return await ServedBenchmark.RunAsync(rest.FirstOrDefault());
    case ["ttft", .. var rest] when rest.Length <= 1:
        return await ServedBenchmark.RunFirstTokenAsync(rest.FirstOrDefault());
    default:
        await Console.Error.WriteLineAsync("Usage: kernels [BENCHMARKDOTNET OPTIONS] | long-decode EARLY TOTAL | write-model FOLDER f32|bf16 | start-up FOLDER FORMAT THREADS ROUNDS | served [FOLDER] | ttft [FOLDER]");
        return 2;
}

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
