using Recognizer.Inference.Engine;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference;

/// <summary>How a <see cref="CharacterRecognizer"/> reads.</summary>
public sealed record RecognizerOptions
{
    /// <summary>Labels that may be answered; null allows all of the model's.</summary>
    public Alphabet? Alphabet { get; init; }

    /// <summary>Candidates in each prediction, at least 1; never more than there are classes. Default 5.</summary>
    public int Top { get; init; } = 5;

    /// <summary>Labels of a model that carries none, one per class.</summary>
    public IReadOnlyList<string>? Labels { get; init; }

    /// <summary>Layout that the model was trained on, where it doesn't say so itself.</summary>
    public NormalizerLayout DefaultLayout { get; init; } = NormalizerLayout.Emnist;

    /// <summary>Limits on image files.</summary>
    public DecoderOptions Decoder { get; init; } = new();

    /// <summary>How the model is run.</summary>
    public PlanOptions Plan { get; init; } = new();

    /// <summary>What runs the model: this library's own engine unless another runtime is put in its place. It is given a graph that it must not change, and
    /// <see cref="Plan"/> with the one output that is wanted.</summary>
    public Func<Graph, PlanOptions, IGraphRunner> Runner { get; init; } = Engine.Plan.Compile;
}
