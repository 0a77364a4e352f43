using Recognizer.Inference.Engine;

namespace Recognizer.Tests.Engine;

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
