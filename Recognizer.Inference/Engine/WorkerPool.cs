using System.Diagnostics;

namespace Recognizer.Inference.Engine;

/// <summary>Work that falls into numbered parts which may run at the same time.</summary>
internal interface IParallelWork
{
    /// <summary>Does one part.</summary>
    /// <param name="index">Number of the part.</param>
    /// <param name="worker">0 … threads − 1, never used by two parts at the same time: the number of a scratch buffer.</param>
    void Execute(int index, int worker);
}

/// <summary>A fixed set of threads that sleep while there is nothing to do. The calling thread is worker 0 and takes part; with one
/// thread everything runs on the caller. One call at a time: a second caller runs its work alone on its own thread only when the
/// pool is busy, so that hosts with a thread per request are never oversubscribed.</summary>
/// <remarks>The threads end with <see cref="Dispose"/>, or once nobody holds the pool any more.</remarks>
internal sealed class WorkerPool : IDisposable
{
    // Short beside the microsecond or two that handing out work takes.
    private const int Pause = 10;

    private readonly Crew _crew;
    private readonly Thread[] _threads;
    private bool _disposed;

    /// <param name="threads">Threads that take part, the caller included.</param>
    /// <param name="patience">How long a thread looks out for more work, or for the end of the others', before it sleeps: for callers that
    /// come back at once, since waking a thread takes tens of microseconds. None by default.</param>
    public WorkerPool(int threads, TimeSpan patience = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        Threads = threads;
        Crew crew = _crew = new Crew(threads - 1, patience);
        _threads = new Thread[threads - 1];
        for (int i = 0; i < _threads.Length; i++)
        {
            int worker = i + 1;
            _threads[i] = new Thread(() => crew.Loop(worker)) { IsBackground = true, Name = $"Recognizer worker {worker}" };
            // Without the context of whoever happens to be the first to need them
            _threads[i].UnsafeStart();
        }
    }

    ~WorkerPool() => _crew?.Stop(); // null where the constructor threw

    /// <summary>Threads that take part, the caller included.</summary>
    public int Threads { get; }

    /// <summary>Runs parts 0 … count − 1 and returns when all are done; the first exception is thrown again here. Parts are handed
    /// out in order to whichever worker is free. <see cref="Thread.Interrupt"/> ends the caller's next wait, not this one.</summary>
    public void Run(int count, IParallelWork work)
    {
        int helpers = Math.Min(_threads.Length, count - 1);
        if (helpers <= 0 || !_crew.TryRun(count, helpers, work))
        {
            for (int i = 0; i < count; i++) work.Execute(i, 0);
        }
        GC.KeepAlive(this);
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _crew.Stop();
        foreach (Thread thread in _threads) thread.Join();
        _crew.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>All that the threads hold: were it the pool, nothing would ever let go of that.</summary>
    private sealed class Crew(int helpers, TimeSpan patience) : IDisposable
    {
        private readonly Lock _running = new();
        private readonly SemaphoreSlim _start = new(0);
        private readonly ManualResetEventSlim _done = new();
        private IParallelWork? _work;
        private Exception? _failure;

        // Parts of the current call in the upper half, the next to hand out in the lower: a thread that comes late can't take the parts of two
        // calls for one another.
        private long _parts;
        private int _open;
        private bool _stopping;

        /// <summary>Does all parts, unless another call is under way.</summary>
        public bool TryRun(int count, int wanted, IParallelWork work)
        {
            if (!_running.TryEnter()) return false;
            bool isInterrupted = false;
            try
            {
                _work = work;
                _failure = null;
                _open = count;
                _done.Reset();
                Volatile.Write(ref _parts, (long)count << 32);
                try
                {
                    _start.Release(wanted);
                }
                catch (ThreadInterruptedException)
                {
                    // Before it woke anybody: then without them
                    isInterrupted = true;
                }
                Drain(0);
                // Parts are waited for, not threads: one that isn't awake by now has nothing to do.
                for (long begin = Stopwatch.GetTimestamp(); !_done.IsSet && IsPatient(begin);) Thread.SpinWait(Pause);
                while (!_done.IsSet)
                {
                    try
                    {
                        _done.Wait();
                    }
                    catch (ThreadInterruptedException)
                    {
                        // Whoever left now would take back memory that parts still write to, and let the next call end with these.
                        isInterrupted = true;
                    }
                }
                _work = null;
                if (_failure is { } failure) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
            }
            finally
            {
                _running.Exit();
                if (isInterrupted) Thread.CurrentThread.Interrupt();
            }
            return true;
        }

        public void Loop(int worker)
        {
            while (true)
            {
                for (long begin = Stopwatch.GetTimestamp(); _start.CurrentCount == 0 && IsPatient(begin);) Thread.SpinWait(Pause);
                _start.Wait();
                if (_stopping) return;
                Drain(worker);
            }
        }

        public void Stop()
        {
            _stopping = true;
            if (helpers > 0) _start.Release(helpers);
        }

        public void Dispose()
        {
            _start.Dispose();
            _done.Dispose();
        }

        private bool IsPatient(long begin) => patience > TimeSpan.Zero && Stopwatch.GetElapsedTime(begin) < patience;

        private void Drain(int worker)
        {
            while (true)
            {
                long parts = Interlocked.Increment(ref _parts) - 1;
                int index = (int)parts;
                if (index >= (int)(parts >> 32)) return;
                try
                {
                    if (_failure == null) _work!.Execute(index, worker);
                }
                catch (Exception exception)
                {
                    Interlocked.CompareExchange(ref _failure, exception, null);
                }
                if (Interlocked.Decrement(ref _open) == 0) _done.Set();
            }
        }
    }
}
