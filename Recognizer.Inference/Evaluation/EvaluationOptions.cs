using Recognizer.Inference.Imaging;

namespace Recognizer.Inference.Evaluation;

/// <summary>How a model is evaluated.</summary>
public sealed record EvaluationOptions
{
    internal const int MaxBatchSize = 65_536;

    /// <summary>Text of each class of the data, in the order that the metrics are to have; null takes the labels that occur, in ordinal
    /// order.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Labels that may be answered; images of other classes are left out. Null allows all.</summary>
    public Alphabet? Alphabet { get; init; }

    /// <summary>Whether labels that differ by case only count as the same.</summary>
    public bool IgnoreCase { get; init; }

    /// <summary>Images that are scored together, 1 … 65,536. Default 512.</summary>
    public int BatchSize { get; init; } = 512;

    /// <summary>Threads that decode and normalise images; 0, the default, is one per processor. Results don't depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>Limits on image files.</summary>
    public DecoderOptions Decoder { get; init; } = new();

    /// <summary>Hears of every image that counts and could be read, in order.</summary>
    public Action<EvaluatedImage>? Observer { get; init; }

    /// <summary>Hears how many images are done.</summary>
    public IProgress<long>? Progress { get; init; }
}

/// <summary>How one image was read.</summary>
/// <param name="Index">Place of the image in the set, from 0.</param>
/// <param name="Image">The image.</param>
/// <param name="Actual">Its label (in upper case where case is ignored).</param>
/// <param name="Predicted">The label that the model gave.</param>
/// <param name="Confidence">Probability of that label among those that may be answered.</param>
public readonly record struct EvaluatedImage(long Index, LabelledImage Image, string Actual, string Predicted, float Confidence)
{
    /// <summary>Whether the answer is right.</summary>
    public bool IsRight => Actual is not null && Actual == Predicted;
}
