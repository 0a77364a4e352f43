using Microsoft.ML;
using Recognizer.Inference;

namespace Recognizer.MLNet;

/// <summary>How <see cref="RecognizerCatalog.RecognizeHandwriting(TransformsCatalog, string, RecognizeHandwritingOptions?)"/> reads.</summary>
public sealed record RecognizeHandwritingOptions
{
    /// <summary>Column to read: images (<see cref="Microsoft.ML.Data.MLImage"/>) of any size and polarity, which are brought into the form that the model was trained on; or
    /// vectors of 28 × 28 floats that are in that form already, rows top to bottom, 0 = ground … 1 = ink.</summary>
    public string InputColumnName { get; init; } = "Image";

    /// <summary>Column that receives the most probable class, a key whose values are the model's labels.</summary>
    public string PredictedLabelColumnName { get; init; } = "PredictedLabel";

    /// <summary>Column that receives the probability of each class, a vector whose slots are named as the model's labels.</summary>
    public string ScoreColumnName { get; init; } = "Score";

    /// <summary>Labels that may be answered; null allows all of the model's. The others score 0.</summary>
    public Alphabet? Alphabet { get; init; }

    /// <summary>Rows that are scored together when a whole <see cref="IDataView"/> is read.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>Threads that share a batch; 0 takes one per processor. Single rows, as of a <c>PredictionEngine</c>, are scored by the thread that asks.</summary>
    public int Threads { get; init; }
}
