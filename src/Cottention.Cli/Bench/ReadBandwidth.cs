using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Cottention.Inference.Runners.Cpu;

namespace Cottention.Cli.Bench;

/// <summary>Raw read bandwidth: every thread sums its part of a buffer that no cache holds.</summary>
internal sealed unsafe class ReadBandwidth : IDisposable
{
    private const long BufferBytes = 512L << 20;
    private const int StreamBytes = 256;

    private readonly NativeBuffer _buffer;
    private readonly WorkerPool _pool;
    private readonly long[] _sums;
    private readonly Action<int> _job;

    /// <summary>Takes 512 MiB and <paramref name="threads"/> - 1 threads.</summary>
    public ReadBandwidth(int threads)
    {
        _buffer = new NativeBuffer(BufferBytes);
        _pool = new WorkerPool(threads);
        // Pages that nobody wrote are all the same one.
        _buffer.Populate(_pool);
        _sums = new long[threads * 16];
        _job = Sum;
    }

    /// <summary>Reads the buffer once; bytes a second.</summary>
    public double Measure()
    {
        var start = Stopwatch.GetTimestamp();
        _pool.Run(_job);
        return _buffer.Bytes / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    public void Dispose()
    {
        _pool.Dispose();
        _buffer.Dispose();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Sum(int thread)
    {
        var (first, end) = Share.Of((int)(_buffer.Bytes / StreamBytes), thread, _pool.Threads);
        var (a, b, c, d) = (Vector512<long>.Zero, Vector512<long>.Zero, Vector512<long>.Zero, Vector512<long>.Zero);
        for (var block = first; block < end; block++)
        {
            var p = (long*)(_buffer.Data + ((long)block * StreamBytes));
            a += Vector512.Load(p);
            b += Vector512.Load(p + 8);
            c += Vector512.Load(p + 16);
            d += Vector512.Load(p + 24);
        }

        _sums[thread * 16] = Vector512.Sum(a + b + c + d);
    }
}
