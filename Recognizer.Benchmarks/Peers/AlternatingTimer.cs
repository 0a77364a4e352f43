using System.Diagnostics;

namespace Recognizer.Benchmarks.Peers;

/// <summary>Two things timed in turns, so that whatever else the machine does meets both.</summary>
internal static class AlternatingTimer
{
    /// <summary>What a comparison found.</summary>
    /// <param name="Ours">Median seconds per call of ours.</param>
    /// <param name="Peer">Median seconds per call of the peer.</param>
    /// <param name="Ratio">Median over the rounds of peer's time / our time.</param>
    /// <param name="Spread">Distance between the quartiles of that ratio, as a share of its median.</param>
    internal readonly record struct Result(double Ours, double Peer, double Ratio, double Spread);

    /// <summary>Alternates rounds of both until the time is used up, at least nine rounds.</summary>
    public static Result Compare(Action ours, Action peer, double seconds)
    {
        int oursCalls = Calls(ours, seconds / 30), peerCalls = Calls(peer, seconds / 30);
        var oursTimes = new List<double>();
        var peerTimes = new List<double>();
        long start = Stopwatch.GetTimestamp();
        while (oursTimes.Count < 9 || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds)
        {
            // Who goes first changes from round to round.
            bool first = oursTimes.Count % 2 == 0;
            if (first) oursTimes.Add(TimeAlone(ours, oursCalls));
            peerTimes.Add(TimeAlone(peer, peerCalls));
            if (!first) oursTimes.Add(TimeAlone(ours, oursCalls));
        }
        double[] ratios = [.. oursTimes.Zip(peerTimes, (a, b) => b / a).Order()];
        double ratio = Quantile(ratios, 0.5);
        return new Result(Quantile([.. oursTimes.Order()], 0.5), Quantile([.. peerTimes.Order()], 0.5), ratio,
            (Quantile(ratios, 0.75) - Quantile(ratios, 0.25)) / ratio);
    }

    /// <summary>Median seconds per call.</summary>
    public static double Median(Action action, double seconds)
    {
        int calls = Calls(action, seconds / 10);
        var times = new List<double>();
        long start = Stopwatch.GetTimestamp();
        while (times.Count < 5 || Stopwatch.GetElapsedTime(start).TotalSeconds < seconds) times.Add(Time(action, calls));
        return Quantile([.. times.Order()], 0.5);
    }

    private static int Calls(Action action, double seconds)
    {
        // Long enough for the runtime to have compiled everything at its best.
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < 3 || Stopwatch.GetElapsedTime(start).TotalSeconds < Math.Min(0.4, 3 * seconds); i++) action();
        return Math.Max(1, (int)(seconds / Math.Max(1e-7, Time(action, 3))));
    }

    // ONNX Runtime's threads look for work up to a tenth of a second after its last run, at the cost of whoever runs then: waits until the process is
    // idle, and wakes the action's own threads again.
    private static double TimeAlone(Action action, int calls)
    {
        TimeSpan used = default;
        for (int i = 0; i < 30 && Environment.CpuUsage.TotalTime is var now && (now - used).TotalMilliseconds > 1; i++)
        {
            used = now;
            Thread.Sleep(10);
        }
        action();
        return Time(action, calls);
    }

    private static double Time(Action action, int calls)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < calls; i++) action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds / calls;
    }

    internal static double Quantile(double[] sorted, double q)
    {
        double at = q * (sorted.Length - 1);
        int low = (int)at, high = Math.Min(low + 1, sorted.Length - 1);
        return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
    }
}
