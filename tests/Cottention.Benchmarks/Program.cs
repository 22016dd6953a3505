using System.Globalization;
using Cottention.Benchmarks;
using Cottention.Inference.Runners.Cpu;

// Usage: long-decode EARLY TOTAL, or [--weights bf16|f32] [--kernels auto|avx512|avx2|portable] [--threads N] [--rounds N] [--layers N]
if (args is ["long-decode", var early, var total])
    return await LongDecode.RunAsync(int.Parse(early, CultureInfo.InvariantCulture), int.Parse(total, CultureInfo.InvariantCulture));
var options = new BenchmarkOptions();
for (var i = 0; i + 1 < args.Length; i += 2)
    options = args[i] switch
    {
        "--weights" => options with { Weights = Enum.Parse<WeightFormat>(args[i + 1], ignoreCase: true) },
        "--kernels" => options with { Kernels = Enum.Parse<KernelChoice>(args[i + 1], ignoreCase: true) },
        "--threads" => options with { Threads = int.Parse(args[i + 1], CultureInfo.InvariantCulture) },
        "--rounds" => options with { Rounds = int.Parse(args[i + 1], CultureInfo.InvariantCulture) },
        "--layers" => options with { Layers = int.Parse(args[i + 1], CultureInfo.InvariantCulture) },
        _ => throw new ArgumentException($"unknown option {args[i]}; allowed: --weights --kernels --threads --rounds --layers"),
    };
return StepBenchmark.Run(options);
