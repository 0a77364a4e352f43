using Recognizer.Inference.Imaging;

namespace Recognizer.Inference.DependencyInjection;

/// <summary>How a registered <see cref="CharacterRecognizer"/> is made. Every property can come from configuration, which is read once, when the model is loaded:
/// what changes later counts for nothing.</summary>
public sealed class CharacterRecognizerOptions
{
    /// <summary>The model file; null takes <see cref="Shipped"/>. Relative paths are relative to the current folder.</summary>
    public string? ModelPath { get; set; }

    /// <summary>The shipped model that is used where <see cref="ModelPath"/> is null.</summary>
    public ShippedModel Shipped { get; set; } = ShippedModel.Characters;

    /// <summary>Labels that may be answered: <c>digits</c>, <c>upper</c>, <c>lower</c>, <c>letters</c>, <c>alphanumeric</c>, or the characters themselves;
    /// null allows all of the model's.</summary>
    public string? Alphabet { get; set; }

    /// <summary>Candidates in each prediction, at least 1. Default 5.</summary>
    public int Top { get; set; } = 5;

    /// <summary>Most threads that one call may use, the caller included, at least 1. Default 1.</summary>
    public int Threads { get; set; } = 1;

    /// <summary>Limits on image files.</summary>
    public DecoderOptions Decoder { get; set; } = new();

    /// <summary>Layout that the model was trained on, where it doesn't say so itself.</summary>
    public NormalizerLayout DefaultLayout { get; set; } = NormalizerLayout.Emnist;

    /// <summary>Labels of a model that carries none, one per class.</summary>
    public IList<string> Labels { get; } = [];

    /// <summary>Whether a changed model file, or one beside it with its weights, is taken into use while the recogniser runs. Default true.</summary>
    public bool ReloadOnChange { get; set; } = true;

    /// <summary>How long changed files must have stayed the same before they are read, so that none is read that is still being written.
    /// 0 … 1 minute. Default 300 milliseconds.</summary>
    public TimeSpan SettleTime { get; set; } = TimeSpan.FromMilliseconds(300);

    /// <summary>How often the files are looked at even if the file system reports no change, as network shares, container mounts and links don't, and nothing is watched but the model file.
    /// 10 milliseconds … 1 day. Default 5 seconds.</summary>
    public TimeSpan PollingInterval { get; set; } = TimeSpan.FromSeconds(5);

    internal RecognizerOptions ToRecognizerOptions() => new()
    {
        Alphabet = Alphabet is null ? null : Inference.Alphabet.Parse(Alphabet),
        Top = Top,
        Labels = Labels.Count == 0 ? null : [.. Labels],
        DefaultLayout = DefaultLayout,
        Decoder = Decoder,
        Plan = new Engine.PlanOptions { Threads = Threads },
    };
}
