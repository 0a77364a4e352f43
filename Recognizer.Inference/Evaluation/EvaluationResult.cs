namespace Recognizer.Inference.Evaluation;

/// <summary>What an evaluation found.</summary>
/// <param name="Metrics">How well the answers fit the truth.</param>
/// <param name="Duration">Time spent on decoding, normalising and scoring.</param>
public sealed record EvaluationResult(MulticlassMetrics Metrics, TimeSpan Duration)
{
    /// <summary>Images in a second, those included that are left out of the figures.</summary>
    public double ImagesPerSecond => Duration > TimeSpan.Zero ? (Metrics.Count + Metrics.Skipped + Metrics.NonFinite) / Duration.TotalSeconds : 0;
}
