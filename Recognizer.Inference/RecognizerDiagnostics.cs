using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Recognizer.Inference;

/// <summary>What recognisers report of themselves to whoever listens: metrics and traces under one name, <see cref="Name"/>. Costs next to nothing
/// while nobody does. What a listener throws is dropped.</summary>
/// <remarks>
/// <list type="table">
/// <item><term><c>recognizer.characters</c></term><description>counter, {character}: characters read: pictures of one, and what was found on pages and in fields</description></item>
/// <item><term><c>recognizer.characters.rejected</c></term><description>counter, {character}: those of calls that give predictions that don't look like one</description></item>
/// <item><term><c>recognizer.duration</c></term><description>histogram, s: time of one call, decoding included, whatever its number of characters; of one batch of a stream, once it is decoded and normalised; or of one page or field.
/// Tagged with <c>error.type</c>, the full name of the exception's type, where the call failed</description></item>
/// <item><term><c>recognizer.model.replacements</c></term><description>counter, {replacement}: models taken into use in place of another</description></item>
/// <item><term><c>recognizer.model.failures</c></term><description>counter, {failure}: models that were refused, the one before kept</description></item>
/// </list>
/// Activities: <c>recognize</c>, tagged with <c>recognizer.count</c> and, for a single character of which the best label is asked for, <c>recognizer.confidence</c>. Those of failed calls have
/// the status <see cref="ActivityStatusCode.Error"/> and the tag <c>error.type</c> instead.
/// </remarks>
public static class RecognizerDiagnostics
{
    /// <summary>Name of the <see cref="Meter"/> and the <see cref="ActivitySource"/>.</summary>
    public const string Name = "Recognizer.Inference";

    private static readonly ActivitySource s_source = new(Name);
    private static readonly Meter s_meter = new(Name);
    private static readonly Counter<long> s_characters = s_meter.CreateCounter<long>("recognizer.characters", "{character}", "Characters read");
    private static readonly Counter<long> s_rejected = s_meter.CreateCounter<long>("recognizer.characters.rejected", "{character}", "Pictures that don't look like a character");
    private static readonly Histogram<double> s_duration = s_meter.CreateHistogram<double>("recognizer.duration", "s", "Time of one call",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.00001, 0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3] });
    private static readonly Counter<long> s_replacements = s_meter.CreateCounter<long>("recognizer.model.replacements", "{replacement}", "Models taken into use in place of another");
    private static readonly Counter<long> s_failures = s_meter.CreateCounter<long>("recognizer.model.failures", "{failure}", "Models that were refused");

    internal static Operation Start() => new(s_source.HasListeners() ? StartActivity() : null, s_duration.Enabled ? Stopwatch.GetTimestamp() : 0);

    internal static void ModelReplaced() => Count(s_replacements, 1);

    internal static void ModelRefused() => Count(s_failures, 1);

    // What a listener throws is its own failure: no answer is lost by it, and a model that is in use stays so.
    private static void Count(Counter<long> counter, long value)
    {
        try
        {
            counter.Add(value);
        }
        catch (Exception)
        {
        }
    }

    private static Activity? StartActivity()
    {
        Activity? around = Activity.Current;
        try
        {
            return s_source.StartActivity("recognize");
        }
        catch (Exception)
        {
            Activity.Current = around;
            return null;
        }
    }

    /// <summary>One call under way; each of its methods ends it.</summary>
    internal readonly struct Operation(Activity? activity, long started)
    {
        public void Read(ReadOnlySpan<Prediction> predictions)
        {
            if (s_rejected.Enabled)
            {
                int rejected = 0;
                foreach (Prediction prediction in predictions) rejected += prediction.IsLikelyCharacter ? 0 : 1;
                if (rejected > 0) Count(s_rejected, rejected);
            }
            Read(predictions.Length, predictions.Length == 1 ? predictions[0].Confidence : null);
        }

        /// <param name="count">Characters read.</param>
        /// <param name="confidence">How probable the best label of a single character is.</param>
        public void Read(int count, float? confidence = null)
        {
            Count(s_characters, count);
            activity?.SetTag("recognizer.count", count);
            if (confidence is not null) activity?.SetTag("recognizer.confidence", confidence);
            End([]);
        }

        public void Fail(Exception exception)
        {
            var type = new KeyValuePair<string, object?>("error.type", exception.GetType().FullName);
            activity?.SetStatus(ActivityStatusCode.Error, exception.Message).SetTag(type.Key, type.Value);
            End([type]);
        }

        private void End(ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            try
            {
                if (started != 0) s_duration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, tags);
            }
            catch (Exception)
            {
            }
            try
            {
                activity?.Dispose();
            }
            catch (Exception)
            {
                Activity.Current = activity!.Parent;
            }
        }
    }
}
