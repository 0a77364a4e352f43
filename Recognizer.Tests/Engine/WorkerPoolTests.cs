using System.Diagnostics;
using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine;

namespace Recognizer.Tests.Engine;

[Collection(Alone.Name)]
public class WorkerPoolTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(50)]
    public void EveryPart_RunsOncePerCall(int patience)
    {
        using var pool = new WorkerPool(4, TimeSpan.FromMicroseconds(patience));
        for (int call = 0; call < 5000; call++)
        {
            // Calls so short that threads come late to them, each with another number of parts.
            var work = new Counting(1 + call % 11);
            pool.Run(work.Counts.Length, work);
            Assert.All(work.Counts, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void Failure_IsThrownAndThePoolGoesOn()
    {
        using var pool = new WorkerPool(3);
        for (int call = 0; call < 200; call++)
        {
            Assert.Throws<InvalidOperationException>(() => pool.Run(7, new Counting(7) { Failing = call % 7 }));
            var work = new Counting(7);
            pool.Run(7, work);
            Assert.All(work.Counts, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public async Task BusyPool_LeavesOtherCallersToThemselves()
    {
        using var pool = new WorkerPool(3, TimeSpan.FromMilliseconds(0.3));
        using var inside = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        var first = new Thread(() => pool.Run(1000, new Doing(_ =>
        {
            inside.Set();
            release.Wait();
        })));
        first.Start();
        Assert.True(inside.Wait(TimeSpan.FromSeconds(30)));
        try
        {
            // While one caller's work goes on, as many callers as there are requests work, each alone.
            Task[] others = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
            {
                var threads = new HashSet<int>();
                pool.Run(50, new Doing(_ => threads.Add(Environment.CurrentManagedThreadId)));
                Assert.Equal([Environment.CurrentManagedThreadId], threads);
            }))];
            await Task.WhenAll(others).WaitAsync(TimeSpan.FromSeconds(30));
        }
        finally
        {
            release.Set();
            first.Join();
        }
    }

    [Fact]
    public void InterruptedCaller_LeavesOnceAllPartsAreDone()
    {
        using var pool = new WorkerPool(2);
        using ManualResetEventSlim helped = new(), release = new();
        int done = 0, doneAtEnd = 0;
        bool isInterrupted = false;
        var caller = new Thread(() =>
        {
            try
            {
                pool.Run(2, new Doing(worker =>
                {
                    if (worker > 0) helped.Set();
                    (worker == 0 ? helped : release).Wait();
                    Interlocked.Increment(ref done);
                }));
                doneAtEnd = done;
                Thread.Sleep(TimeSpan.FromSeconds(30));
            }
            catch (ThreadInterruptedException)
            {
                isInterrupted = true;
            }
        });
        caller.Start();
        try
        {
            // The caller's own part is done: from here on it only waits
            Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref done) == 1, TimeSpan.FromSeconds(30)));
            caller.Interrupt();
            Assert.False(caller.Join(TimeSpan.FromSeconds(0.3)));
        }
        finally
        {
            release.Set();
            caller.Join();
        }
        Assert.Equal(2, doneAtEnd);
        Assert.True(isInterrupted);
    }

    [Fact]
    public void Threads_KeepNothingOfTheirFirstCaller()
    {
        var context = new AsyncLocal<object?> { Value = new object() };
        object? seen = null;
        using (var pool = new WorkerPool(2)) RunOnHelper(pool, () => seen = context.Value);
        Assert.Null(seen);
    }

    [Fact]
    public void AbandonedPool_LetsItsThreadsGo()
    {
        Thread helper = Abandon();
        for (int attempt = 0; attempt < 100 && helper.IsAlive; attempt++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            helper.Join(50);
        }
        Assert.False(helper.IsAlive);

        [MethodImpl(MethodImplOptions.NoInlining)]
        static Thread Abandon()
        {
            Thread? helper = null;
            RunOnHelper(new WorkerPool(2), () => helper = Thread.CurrentThread);
            return helper!;
        }
    }

    [Fact]
    public void IdlePool_TakesNoProcessorTime()
    {
        using var pool = new WorkerPool(4, TimeSpan.FromMilliseconds(0.3));
        using var process = Process.GetCurrentProcess();
        TimeSpan least = TimeSpan.MaxValue, little = TimeSpan.FromMilliseconds(60);
        // The runtime may still be compiling what earlier tests used; a thread that spins does so in every attempt.
        for (int attempt = 0; attempt < 30 && least > little; attempt++)
        {
            pool.Run(100, new Counting(100));
            Thread.Sleep(50);
            process.Refresh();
            TimeSpan before = process.TotalProcessorTime;
            Thread.Sleep(300);
            process.Refresh();
            TimeSpan taken = process.TotalProcessorTime - before;
            if (taken < least) least = taken;
        }
        // One thread that spins would take all of it; the runtime and the test runner take a little.
        Assert.InRange(least, TimeSpan.Zero, little);
    }

    private static void RunOnHelper(WorkerPool pool, Action action)
    {
        using var helped = new ManualResetEventSlim();
        pool.Run(2, new Doing(worker =>
        {
            if (worker == 0)
            {
                helped.Wait();
                return;
            }
            action();
            helped.Set();
        }));
    }

    private sealed class Doing(Action<int> action) : IParallelWork
    {
        public void Execute(int index, int worker) => action(worker);
    }

    private sealed class Counting(int parts) : IParallelWork
    {
        public int[] Counts { get; } = new int[parts];

        public int Failing { get; init; } = -1;

        public void Execute(int index, int worker)
        {
            if (index == Failing) throw new InvalidOperationException("meant to fail");
            Interlocked.Increment(ref Counts[index]);
        }
    }
}
