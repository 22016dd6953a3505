using System.Net;
using System.Net.Sockets;
using Cottention.Conformance;
using Cottention.Server.Hosting;

namespace Cottention.Server.Tests.Hosting;

/// <summary>A server that cannot start says why in one line, and ends with a code that says it did not.</summary>
public sealed class StartTests : IDisposable
{
    private readonly string _sessions = ServerProcess.NewSessionFolder();

    public void Dispose() => Directory.Delete(_sessions, recursive: true);

    [Fact]
    public async Task Start_TinyModel_SaysWhatItServesAndWhere()
    {
        await using var server = await ServerProcess.StartAsync(_sessions);

        var report = string.Join('\n', server.Output);
        Assert.Contains("tiny-model: 125,720 parameters, 3 layers x 4 heads x 16", report, StringComparison.Ordinal);
        Assert.Contains("12 KiB a session at any length", report, StringComparison.Ordinal);
        Assert.Contains("64 in memory (0.8 MiB), others parked in " + _sessions, report, StringComparison.Ordinal);
        Assert.Contains("device    auto chose cpu, not CUDA: the model's heads are 16 wide", report, StringComparison.Ordinal);
        Assert.Matches(@"[\d,]+ would fit in [\d,]+ MiB", report);
        Assert.Contains("gRPC      " + server.GrpcAddress, report, StringComparison.Ordinal);
        Assert.Contains("HTTP      " + server.HttpAddress, report, StringComparison.Ordinal);
        Assert.Empty(server.Errors);
    }

    [Theory]
    [InlineData("--model", "/no/such/folder", 1, "/no/such/folder: no such folder")]
    [InlineData("--model", "/", 1, "config.json")]
    [InlineData("--grpc-port", "70000", 2, "GrpcPort is 70000; allowed: 0 to 65535")]
    [InlineData("--grpc-port", "many", 2, "--grpc-port is 'many'; allowed: a whole number")]
    [InlineData("--listen", "somewhere", 2, "Listen is 'somewhere'; allowed: an IP address")]
    [InlineData("--threads", "-1", 2, "Threads is -1; allowed: 0 to 1024")]
    [InlineData("--slots", "1", 2, "Engine:SessionSlots is 1; allowed: MaxRunning (32) or more")]
    [InlineData("--draft-tokens", "8", 2, "Engine:DraftTokens is 8; allowed: 0 to 7")]
    [InlineData("--weights", "int3", 2, "--weights is 'int3'; allowed: auto, f32, bf16, int8, int4")]
    [InlineData("--device", "gpu", 2, "Device is 'gpu'; allowed: auto, cpu, cuda, cuda:n, torch")]
    [InlineData("--slots", "1000000", 1, "allowed: at most")]
    [InlineData("--sessions", "/proc/no/such", 1, "session folder /proc/no/such")]
    public async Task Start_WrongFlag_IsOneLineAndACode(string flag, string value, int code, string expected)
    {
        string[] model = flag == "--model" ? [] : ["--model", Fixtures.Path("tiny-model")];
        string[] sessions = flag == "--sessions" ? [] : ["--sessions", _sessions];
        string[] ports = flag == "--grpc-port" ? ["--http-port", "0"] : ["--grpc-port", "0", "--http-port", "0"];
        string[] budget = flag == "--slots" ? ["--state-budget-mib", "100"] : [];

        await using var server = ServerProcess.Start([.. model, .. sessions, .. ports, .. budget, flag, value]);

        Assert.Equal(code, await server.ExitAsync());
        var line = Assert.Single(server.Errors, e => !e.StartsWith("Try ", StringComparison.Ordinal));
        Assert.StartsWith("error: ", line, StringComparison.Ordinal);
        Assert.Contains(expected, line, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Output, l => l.Contains("   at ", StringComparison.Ordinal) || l.Contains("Exception", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_SlotsThatDoNotFit_LeavesNothingBehind()
    {
        await using var server = ServerProcess.Start([
            "--model", Fixtures.Path("tiny-model"), "--sessions", Path.Combine(_sessions, "data", "new"), "--grpc-port", "0", "--http-port", "0", "--slots", "1000", "--state-budget-mib", "1"]);

        Assert.Equal(1, await server.ExitAsync());
        Assert.Contains("allowed: at most 85 slots", Assert.Single(server.Errors), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_sessions));
    }

    [Fact]
    public async Task Start_Torch_ServesOrSaysHowToBuildIt()
    {
        if (TorchRunner.IsBuiltIn)
        {
            await using var serving = await ServerProcess.StartAsync(_sessions, ["--device", "torch", "--state-budget-mib", "100"]);
            Assert.Contains("  device    torch, as asked for", serving.Output);
            Assert.Contains(serving.Output, line => line.Contains("libtorch, ", StringComparison.Ordinal));
            return;
        }

        await using var server = ServerProcess.Start(["--model", Fixtures.Path("tiny-model"), "--sessions", _sessions, "--device", "torch"]);

        Assert.Equal(2, await server.ExitAsync());
        Assert.Equal(
            "error: Device is 'torch', and this build carries no libtorch; build it with -p:Torch=cpu or -p:Torch=cuda, or choose another device",
            Assert.Single(server.Errors));
    }

    // The runner on libtorch holds float32 or bfloat16 only: refused once the store is open.
    [NeedsTorchFact]
    public async Task Start_TorchRefusesTheWeights_IsOneLineAndLeavesNothingBehind()
    {
        await using var server = ServerProcess.Start([
            "--model", Fixtures.Path("tiny-model"), "--sessions", Path.Combine(_sessions, "new"), "--grpc-port", "0", "--http-port", "0", "--device", "torch", "--weights", "int8", "--state-budget-mib", "100"]);

        Assert.Equal(1, await server.ExitAsync());
        Assert.Equal("error: weights are int8; allowed with libtorch: f32, bf16", Assert.Single(server.Errors));
        Assert.Empty(Directory.GetFileSystemEntries(_sessions));
    }

    [Theory]
    [InlineData("cuda")]
    [InlineData("cuda:0")]
    public async Task Start_CudaWithoutTheLibrary_SaysWhyNot(string device)
    {
        await using var server = ServerProcess.Start(
            ["--model", Fixtures.Path("tiny-model"), "--sessions", _sessions, "--device", device],
            new Dictionary<string, string> { ["COTTENTION_NATIVE_LIBRARY"] = "/no/such.so" });

        Assert.Equal(2, await server.ExitAsync());
        Assert.Equal(
            $"error: Device is '{device}', and no CUDA device can be used: COTTENTION_NATIVE_LIBRARY names '/no/such.so', which is not there; allowed here: auto, cpu",
            Assert.Single(server.Errors));
    }

    [Fact]
    public async Task Start_DeviceByEnvironment_IsTaken()
    {
        await using var server = await ServerProcess.StartAsync(_sessions, environment: new Dictionary<string, string> { ["COTTENTION__DEVICE"] = "cpu" });

        Assert.Contains("  device    cpu, as asked for", server.Output);
    }

    [Fact]
    public async Task Start_ManyWrongOptions_AreAllNamed()
    {
        await using var server = ServerProcess.Start(
            ["--grpc-port", "-1", "--http-port", "-1"],
            new Dictionary<string, string> { ["COTTENTION__THREADS"] = "5000", ["COTTENTION__ENGINE__MAXRUNNING"] = "0", ["COTTENTION__WEIGHTS"] = "99", ["COTTENTION__DEVICE"] = "tpu" });

        Assert.Equal(2, await server.ExitAsync());
        Assert.Equal(
            ["Device", "Engine:MaxRunning", "GrpcPort", "HttpPort", "Threads", "Weights"],
            server.Errors.Select(line => line.Split(' ')[1]).Distinct().Order(StringComparer.Ordinal).Where(name => !name.Contains("Session", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Start_PortTaken_SaysWhichAndHowToChoose()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        await using var server = ServerProcess.Start(["--model", Fixtures.Path("tiny-model"), "--sessions", _sessions, "--http-port", "0", "--grpc-port", $"{port}"]);

        Assert.Equal(1, await server.ExitAsync());
        var line = Assert.Single(server.Errors);
        Assert.Contains($"{port}", line, StringComparison.Ordinal);
        Assert.Contains("--grpc-port", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_WeightsCutShort_NamesTheFile()
    {
        var folder = Directory.CreateTempSubdirectory("cottention-model-").FullName;
        foreach (var file in Directory.GetFiles(Fixtures.Path("tiny-model")))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        var weights = Path.Combine(folder, "model.safetensors");
        await File.WriteAllBytesAsync(weights, File.ReadAllBytes(weights)[..^1000]);

        await using var server = ServerProcess.Start(["--model", folder, "--sessions", _sessions, "--grpc-port", "0", "--http-port", "0"]);

        Assert.Equal(1, await server.ExitAsync());
        Assert.Contains("model.safetensors", Assert.Single(server.Errors), StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Start_SessionsFolderInUse_SaysSo()
    {
        await using var first = await ServerProcess.StartAsync(_sessions);

        await using var second = ServerProcess.Start(["--model", Fixtures.Path("tiny-model"), "--sessions", _sessions, "--grpc-port", "0", "--http-port", "0"]);

        Assert.Equal(1, await second.ExitAsync());
        Assert.Contains(_sessions, Assert.Single(second.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_ListsEveryFlagWithItsDefault()
    {
        await using var server = ServerProcess.Start(["--help"]);

        Assert.Equal(0, await server.ExitAsync());
        var help = string.Join('\n', server.Output);
        foreach (var flag in new[] { "--model", "--sessions", "--listen", "--grpc-port", "--http-port", "--device", "--threads", "--slots", "Default: 50051", "Exit codes" })
            Assert.Contains(flag, help, StringComparison.Ordinal);
    }

    /// <summary>Skipped, visibly, in a build without libtorch.</summary>
    private sealed class NeedsTorchFactAttribute : FactAttribute
    {
        public NeedsTorchFactAttribute() => Skip = TorchRunner.IsBuiltIn ? null : "needs a build with -p:Torch=cpu or -p:Torch=cuda";
    }
}
