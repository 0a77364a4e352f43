using System.Diagnostics;
using Recognizer.Training.Fitting;
using Spectre.Console;
using static System.FormattableString;

namespace Recognizer.Training.Commands;

/// <summary>Shows training on standard error: a bar that redraws itself on a terminal, lines elsewhere.</summary>
internal static class ProgressView
{
    /// <summary>Runs something that reports progress.</summary>
    public static T Run<T>(CommandHost host, int epochs, Func<ITrainingProgress, T> body)
    {
        if (!host.IsTerminal) return body(new Lines(host.Error, epochs, TimeProvider.System));
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(host.Error) });
        return console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 30 }, new PercentageColumn(), new RemainingTimeColumn())
            .Start(context => body(new Bar(console, context, epochs)));
    }

    private static string Describe(EpochResult epoch, int epochs)
    {
        string validation = epoch.ValidationAccuracy is { } accuracy ? Invariant($"  validation {MetricsOutput.Percent(accuracy)} (loss {epoch.ValidationLoss:0.0000}){(epoch.IsBest ? " best" : "")}") : "";
        return Invariant($"epoch {epoch.Epoch}/{epochs}  loss {epoch.TrainLoss:0.0000}  accuracy {MetricsOutput.Percent(epoch.TrainAccuracy)}{validation}  {epoch.ImagesPerSecond:N0} images/s  {epoch.Seconds:0.0} s");
    }

    private sealed class Bar(IAnsiConsole console, ProgressContext context, int epochs) : ITrainingProgress
    {
        private readonly Stopwatch _watch = new();
        private ProgressTask? _all;
        private long _shown;

        public void Message(string text) => console.MarkupLineInterpolated($"[grey]{text}[/]");

        public void Step(int epoch, int images, int of, double loss, double accuracy)
        {
            if (_all is null)
            {
                _all = context.AddTask($"epoch {epoch}/{epochs}", maxValue: (double)epochs * of);
                _all.Value = (double)(epoch - 1) * of;
                _watch.Start();
            }
            // A terminal shows a few changes a second; a step may take less than a millisecond.
            if (images < of && _watch.ElapsedMilliseconds - _shown < 100) return;
            _shown = _watch.ElapsedMilliseconds;
            double done = (double)(epoch - 1) * of + images;
            _all.Increment(done - _all.Value);
            _all.Description = Invariant($"epoch {epoch}/{epochs}  loss {loss:0.0000}  accuracy {MetricsOutput.Percent(accuracy)}  {_all.Speed ?? 0:N0} images/s");
        }

        public void Epoch(EpochResult result) => console.MarkupLineInterpolated($"{Describe(result, epochs)}");
    }

    /// <summary>A line for each epoch, and some seconds apart within it.</summary>
    internal sealed class Lines(TextWriter error, int epochs, TimeProvider time) : ITrainingProgress
    {
        private const int SecondsBetweenLines = 10;
        private long _line = time.GetTimestamp(), _start;
        private int _current, _first;

        public void Message(string text) => error.WriteLine(text);

        public void Step(int epoch, int images, int of, double loss, double accuracy)
        {
            if (epoch != _current)
            {
                // Images of the first step, at the end of which this is, were done before the clock starts.
                (_current, _first, _start) = (epoch, images, time.GetTimestamp());
                return;
            }
            if (time.GetElapsedTime(_line).TotalSeconds < SecondsBetweenLines) return;
            _line = time.GetTimestamp();
            double speed = (images - _first) / Math.Max(0.001, time.GetElapsedTime(_start).TotalSeconds), left = (of - images) / speed;
            error.WriteLine(Invariant($"epoch {epoch}/{epochs}  {100.0 * images / of:0} %  loss {loss:0.0000}  accuracy {MetricsOutput.Percent(accuracy)}  {speed:N0} images/s  {left:0} s left in this epoch"));
        }

        public void Epoch(EpochResult result)
        {
            _line = time.GetTimestamp();
            error.WriteLine(Describe(result, epochs));
        }
    }
}
