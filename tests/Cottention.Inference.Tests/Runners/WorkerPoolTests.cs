using System.Diagnostics;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Inference.Tests.Runners;

[Collection("cpu threads")]
public sealed class WorkerPoolTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Run_ManyJobs_EveryThreadRunsEachOnce(int threads)
    {
        using var pool = new WorkerPool(threads);
        var runs = new int[threads];

        for (var i = 0; i < 200; i++)
            pool.Run(thread => runs[thread]++);

        Assert.All(runs, count => Assert.Equal(200, count));
    }

    [Fact]
    public void Barrier_BetweenPhases_NoThreadSeesTheNextPhaseEarly()
    {
        using var pool = new WorkerPool(3);
        var (written, faults) = (new int[3], 0);

        pool.Run(thread =>
        {
            var passed = 0;
            for (var phase = 1; phase <= 300; phase++)
            {
                Volatile.Write(ref written[thread], phase);
                pool.Barrier(ref passed);
                for (var other = 0; other < 3; other++)
                    if (Volatile.Read(ref written[other]) != phase)
                        Interlocked.Increment(ref faults);
                pool.Barrier(ref passed);
            }
        });

        Assert.Equal(0, faults);
    }

    [Fact]
    public void Run_AfterWorkersParked_WakesThem()
    {
        using var pool = new WorkerPool(2);
        var runs = 0;

        for (var i = 0; i < 20; i++)
        {
            // Longer than a worker spins.
            for (var start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < TimeSpan.FromMilliseconds(2);)
                Thread.Yield();
            pool.Run(_ => Interlocked.Increment(ref runs));
        }

        Assert.Equal(40, runs);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Run_JobThrows_CallerGetsItAndThePoolGoesOn(int faulty)
    {
        using var pool = new WorkerPool(2);
        var runs = 0;

        Assert.Throws<InvalidDataException>(() => pool.Run(thread =>
        {
            if (thread == faulty)
                throw new InvalidDataException();
        }));
        pool.Run(_ => Interlocked.Increment(ref runs));

        Assert.Equal(2, runs);
    }
}
