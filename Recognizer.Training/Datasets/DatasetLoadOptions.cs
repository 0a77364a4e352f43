using Recognizer.Inference;
using Recognizer.Inference.Imaging;

namespace Recognizer.Training.Datasets;

/// <summary>What to load, and how.</summary>
internal sealed record DatasetLoadOptions
{
    /// <summary>Folder that has the data sets.</summary>
    public string Root { get; init; } = DefaultRoot;

    /// <summary>How images are laid out that aren't 28×28 and light on dark already: as those that the model learns from, or learnt from.</summary>
    public NormalizerLayout Layout { get; init; } = NormalizerLayout.Emnist;

    /// <summary>Labels of the model that the images are for, given those of the set.</summary>
    public Func<IEnumerable<string>, IEnumerable<string>> ModelLabels { get; init; } = static labels => labels;

    /// <summary>Whether characters are Latin letters and digits, as the normaliser asks: as far as the model knows; set by what reads the labels.</summary>
    public bool IsAlphanumeric { get; private init; } = true;

    /// <summary>The options for a set with these labels.</summary>
    public DatasetLoadOptions For(IEnumerable<string> labels) => this with { IsAlphanumeric = Alphabet.AreAlphanumeric(ModelLabels(labels)) };

    /// <summary>Never downloads anything.</summary>
    public bool Offline { get; init; }

    /// <summary>The training split is wanted.</summary>
    public bool NeedTrain { get; init; } = true;

    /// <summary>
    /// The test split is wanted. A set without splits counts wholly as the one that is wanted; where both are, a stratified tenth is the test split.
    /// </summary>
    public bool NeedTest { get; init; } = true;

    /// <summary>
    /// Where both parts are wanted, a set that has only the test part will do. (One that has only the training part always does.)
    /// </summary>
    public bool AllowMissingPart { get; init; }

    /// <summary>A set will do none of whose files can be read: each counts as wrong.</summary>
    public bool AllowUnreadable { get; init; }

    /// <summary>Rows of the training split with the unknown label are kept, with a label of −1.</summary>
    public bool KeepUnknown { get; init; }

    /// <summary>Chooses the tenth held back for test, and the handwriting of <c>strokes</c>.</summary>
    public ulong Seed { get; init; }

    /// <summary>Threads to use; 0 = one per processor.</summary>
    public int Threads { get; init; }

    /// <summary>Hears what is going on, as short lines: downloads, notable facts.</summary>
    public Action<string>? Progress { get; init; }

    /// <summary>The sets that are known by name.</summary>
    public DatasetCatalogue Catalogue { get; init; } = DatasetCatalogue.BuiltIn;

    public DownloadPolicy Download { get; init; } = new();

    public CancellationToken CancellationToken { get; init; }

    /// <summary>RECOGNIZER_DATASETS, else <c>datasets</c>.</summary>
    public static string DefaultRoot =>
        Environment.GetEnvironmentVariable("RECOGNIZER_DATASETS") is { Length: > 0 } root ? root : "datasets";

    internal ParallelOptions Parallel => new() { MaxDegreeOfParallelism = Threads > 0 ? Threads : -1, CancellationToken = CancellationToken };
}
