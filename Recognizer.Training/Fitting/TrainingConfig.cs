using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Augmentation;
using Recognizer.Training.Optimization;

namespace Recognizer.Training.Fitting;

/// <summary>Everything that decides what a training run computes. Saved as <c>config.json</c> and inside the model; the number of threads is
/// no part of it, because it doesn't change the result.</summary>
internal sealed record TrainingConfig
{
    /// <summary>Name, folder or file of the data set.</summary>
    public string Dataset { get; init; } = "strokes";

    /// <summary>Name of an architecture, or an ONNX file to start from.</summary>
    public string Architecture { get; init; } = "cnn2";

    /// <summary>Whether that is a file.</summary>
    [JsonIgnore]
    public bool StartsFromFile => Architecture.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase);

    /// <summary>Factor on the channels of a named architecture.</summary>
    public double Width { get; init; } = 1;

    /// <summary>Passes over the training images; 0 keeps the weights of <see cref="Initial"/>, to be calibrated, measured and stored in 8 bits.</summary>
    public int Epochs { get; init; } = 10;

    /// <summary>Images per step.</summary>
    public int BatchSize { get; init; } = 128;

    /// <summary>adam, adamw or sgd.</summary>
    public string Optimizer { get; init; } = "adamw";

    /// <summary>Largest learning rate.</summary>
    public double LearningRate { get; init; } = 0.002;

    /// <summary>constant, step, cosine or one-cycle.</summary>
    public string Schedule { get; init; } = "one-cycle";

    /// <summary>Weight decay; see the optimiser.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Largest norm of the gradient; 0 doesn't limit it.</summary>
    public double GradientClipping { get; init; }

    /// <summary>Decay per step of the moving average of the weights, which is what is kept; 0 takes the weights themselves.</summary>
    public double Ema { get; init; } = 0.995;

    /// <summary>Share of the target that is spread over all classes.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Data sets of the same training images whose labels say less (letters without case, say): images whose class isn't known are then
    /// trained to be one of a group of classes.</summary>
    public IReadOnlyList<string> Coarser { get; init; } = [];

    /// <summary>How often each class is met in use, as counts or shares; null takes the mix of the training images. In JSON the name of a known data set stands for the counts of
    /// its official training split.</summary>
    [JsonConverter(typeof(ClassFrequenciesConverter))]
    public IReadOnlyDictionary<string, double>? ClassFrequencies { get; init; }

    /// <summary>Models whose mean answer is learnt besides the labels.</summary>
    public IReadOnlyList<string> Teachers { get; init; } = [];

    /// <summary>Weight of that answer, 0 … 1; the labels have the rest.</summary>
    public double Distillation { get; init; } = 0.5;

    /// <summary>Share of training images that is replaced by marks that are no characters, which the network learns to be unsure of.</summary>
    public double Marks { get; init; }

    /// <summary>Share of training images that is replaced by painted characters of the same class, in all the ways that the built-in data set knows alike: the data set's writers
    /// hardly use some of them.</summary>
    public double Painted { get; init; }

    /// <summary>How images are varied; see <see cref="AugmentationOptions.Syntax"/>.</summary>
    public string Augment { get; init; } = "none";

    /// <summary>How images are varied in the last epochs: variation makes a network robust, but takes away what tells O from 0 or 1 from l; it learns that again from images
    /// that are close to those in use.</summary>
    public string FinalAugment { get; init; } = "none";

    /// <summary>Number of those epochs.</summary>
    public int FinalEpochs { get; init; }

    /// <summary>Share of the images that is varied so in those epochs; the others are varied as before, lest what that taught is forgotten.</summary>
    public double FinalShare { get; init; } = 1;

    /// <summary>Share of the training images held back to choose the epoch.</summary>
    public double Validation { get; init; } = 0.1;

    /// <summary>Which weights are kept: best, those of the epoch that reads most validation images right, or last, where the validation images are few or have another mix of
    /// classes than the images in use, and the schedule ends with small steps.</summary>
    public string Keep { get; init; } = "best";

    /// <summary>Epochs without progress on the validation images after which training stops; 0 never stops early.</summary>
    public int Patience { get; init; }

    /// <summary>Decides weights, order, augmentation and dropout.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Train these classes only: one text names them or holds their characters, several are the labels themselves; null trains all of the data set's.</summary>
    [JsonConverter(typeof(OneOrMoreConverter))]
    public IReadOnlyList<string>? Alphabet { get; init; }

    /// <summary>Those classes.</summary>
    [JsonIgnore]
    public Inference.Alphabet? Classes => Alphabet switch
    {
        null => null,
        [string text] => Inference.Alphabet.Parse(text),
        { } labels => Inference.Alphabet.Of(labels),
    };

    /// <summary>Layout of user images that the model expects: emnist or mnist; null takes the data set's.</summary>
    public string? Normalizer { get; init; }

    /// <summary>That layout, EMNIST's where the data set decides.</summary>
    [JsonIgnore]
    public NormalizerLayout Layout => Normalizer == "mnist" ? NormalizerLayout.Mnist : NormalizerLayout.Emnist;

    /// <summary>ONNX files whose weights are loaded by name, the mean where there are several; <c>{seed}</c> in a name stands for the seed. The same network with fewer
    /// channels is widened (<see cref="Architectures.Widening"/>).</summary>
    /// <remarks>Runs that start from the same weights stay close enough to one another that the mean of what they became is as good a network as each, and better on images unlike
    /// those of the training (Wortsman et al. 2022, "Model soups", arXiv:2203.05482).</remarks>
    [JsonConverter(typeof(OneOrMoreConverter))]
    public IReadOnlyList<string>? Initial { get; init; }

    /// <summary>Those files, with this seed in their names.</summary>
    [JsonIgnore]
    public IEnumerable<string> InitialFiles => (Initial ?? []).Select(file => file.Replace("{seed}", Seed.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));

    /// <summary>All models that are read: teachers, those whose weights are loaded, and a network from a file.</summary>
    [JsonIgnore]
    public IEnumerable<string> ModelFiles => [.. Teachers, .. InitialFiles, .. StartsFromFile ? [Architecture] : Array.Empty<string>()];

    /// <summary>False computes all convolutions directly in training, without Winograd's algorithm; null or true chooses what is fastest.</summary>
    public bool? Winograd { get; init; }

    /// <summary>Initializers that stay as they are; * stands for any characters.</summary>
    public IReadOnlyList<string> Freeze { get; init; } = [];

    /// <summary>Whether the model is stored in 8 bits too, beside the float one.</summary>
    public bool Quantize { get; init; }

    /// <summary>What <see cref="Keep"/> takes.</summary>
    internal static IReadOnlyList<string> KeepNames { get; } = ["best", "last"];

    /// <summary>Of all settings, as in JSON; what is worked out from them can't be read.</summary>
    internal static IEnumerable<string> Names => TrainingConfigJson.Default.TrainingConfig.Properties.Where(p => p.Get is not null).Select(p => p.Name);

    /// <summary>Checks every value.</summary>
    /// <exception cref="FormatException">A value makes no sense; the message names it.</exception>
    public void Validate()
    {
        Check(Epochs is >= 0 and <= 100_000, "epochs", Epochs, "0 … 100000");
        Check(Epochs > 0 || Initial is { Count: > 0 }, "epochs", Epochs, "at least 1 without weights to start from (--initial)");
        Check(BatchSize is >= 1 and <= 65_536, "batch-size", BatchSize, "1 … 65536");
        Check(LearningRate is > 0 and <= 100, "learning-rate", LearningRate, "above 0, at most 100");
        Check(WeightDecay is >= 0 and <= 10, "weight-decay", WeightDecay, "0 … 10");
        Check(GradientClipping is >= 0 and <= 1e9, "clip", GradientClipping, "0 (no limit) or more");
        Check(Ema is >= 0 and < 1, "ema", Ema, "at least 0 and below 1");
        Check(LabelSmoothing is >= 0 and < 1, "label-smoothing", LabelSmoothing, "at least 0 and below 1");
        Check(Distillation is >= 0 and <= 1, "distillation", Distillation, "0 … 1");
        Check(Marks is >= 0 and < 1, "marks", Marks, "at least 0 and below 1");
        Check(Painted is >= 0 and <= 1, "painted", Painted, "0 … 1");
        Check(Validation is >= 0 and < 1, "validation", Validation, "at least 0 and below 1");
        Check(Patience >= 0, "patience", Patience, "0 (never) or more");
        Check(Width is > 0 and <= 64, "width", Width, "above 0, at most 64");
        Check(Width == 1 || !StartsFromFile, "width", Width, "1 for a network from a file, which has its channels");
        Check(StartsFromFile || Architectures.Architecture.Names.Contains(Architecture, StringComparer.OrdinalIgnoreCase),
            "architecture", Architecture, $"{string.Join(", ", Architectures.Architecture.Names)}, or a file whose name ends in .onnx");
        CheckName("optimizer", Optimizer, Optimization.Optimizer.Names);
        CheckName("keep", Keep, KeepNames);
        CheckName("schedule", Schedule, LearningRateSchedule.Names);
        Check(Alphabet is null || Alphabet.Count > 0 && !Alphabet.Contains(""), "alphabet", "empty", "at least one character");
        Check(Normalizer is null or "emnist" or "mnist", "normalizer", Normalizer, "emnist or mnist");
        Check(Patience == 0 || Validation > 0, "patience", Patience, "validation images (--validation) to stop early on");
        Check(FinalEpochs >= 0 && FinalEpochs <= Epochs, "final-epochs", FinalEpochs, $"0 … {Epochs}, the number of epochs");
        Check(FinalShare is >= 0 and <= 1, "final-share", FinalShare, "0 … 1");
        Check(FinalEpochs > 0 || FinalAugment == "none", "final-augment", FinalAugment, "none without final epochs (--final-epochs)");
        Check(FinalEpochs > 0 || FinalShare == 1, "final-share", FinalShare, "1 without final epochs (--final-epochs)");
        AugmentationOptions.Parse(Augment);
        AugmentationOptions.Parse(FinalAugment);
    }

    public string ToJson() => JsonSerializer.Serialize(this, TrainingConfigJson.Default.TrainingConfig);

    /// <summary>Reads what <see cref="ToJson"/> wrote, or part of it.</summary>
    /// <param name="json">A JSON object.</param>
    /// <param name="defaults">Values of what is left out; null takes those of a new object.</param>
    /// <param name="file">Where the text is from, for the message.</param>
    /// <exception cref="FormatException">The text is no JSON, or has a property that doesn't exist or is of another type.</exception>
    public static TrainingConfig FromJson(string json, TrainingConfig? defaults = null, string? file = null)
    {
        try
        {
            // The generated deserialiser sets what is left out to zero, not to the initial values above: the defaults go in as JSON.
            JsonNode? given = JsonNode.Parse(json, documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false });
            if (given is not JsonObject settings) throw new FormatException("expected a JSON object with settings");
            JsonObject all = JsonNode.Parse((defaults ?? new()).ToJson())!.AsObject();
            foreach ((string name, JsonNode? value) in settings)
            {
                if (!Names.Contains(name, StringComparer.Ordinal)) throw new FormatException($"there is no setting '{name}'; there are {string.Join(", ", Names)}");
                if (!IsFinite(value)) throw new FormatException($"{name} is {value!.ToJsonString()}; expected numbers that are finite");
                if (value is JsonArray list && list.Contains(null)) throw new FormatException($"{name} has null in its list");
                all[name] = value?.DeepClone();
            }
            return all.Deserialize(TrainingConfigJson.Default.TrainingConfig)!;
        }
        catch (Exception exception) when (exception is JsonException or FormatException)
        {
            // With a path it comes from the text as merged, which the user never saw.
            string message = exception is JsonException { Path: ['$', '.', .. var name] } ? $"{name} has a value of the wrong type" : exception.Message;
            throw new FormatException(file is null ? message : $"{file}: {message}", exception);
        }
    }

    /// <summary>Those that a model was trained with; null where it doesn't say, or in another version's words.</summary>
    public static TrainingConfig? Of(Graph model)
    {
        try
        {
            return model.Metadata.TryGetValue(ModelMetadata.TrainingKey, out string? json) ? FromJson(json) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>Names, as in JSON, of the settings that have another value.</summary>
    public IEnumerable<string> DifferencesFrom(TrainingConfig other)
    {
        JsonObject these = JsonNode.Parse(ToJson())!.AsObject(), those = JsonNode.Parse(other.ToJson())!.AsObject();
        return Names.Where(name => !JsonNode.DeepEquals(these[name], those[name]));
    }

    /// <summary>Whether all numbers are; 1e400 is read as infinity, which can't be written back.</summary>
    private static bool IsFinite(JsonNode? node) => node switch
    {
        JsonObject settings => settings.All(property => IsFinite(property.Value)),
        JsonValue value when value.GetValueKind() == JsonValueKind.Number => double.IsFinite(value.GetValue<double>()),
        _ => true,
    };

    private static void CheckName(string name, string value, IReadOnlyList<string> names) =>
        Check(names.Contains(value, StringComparer.Ordinal), name, value, string.Join(", ", names));

    private static void Check(bool condition, string name, object? value, string expected)
    {
        if (!condition) throw new FormatException(FormattableString.Invariant($"{name} is {value}; expected {expected}"));
    }
}

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(TrainingConfig))]
internal sealed partial class TrainingConfigJson : JsonSerializerContext;
