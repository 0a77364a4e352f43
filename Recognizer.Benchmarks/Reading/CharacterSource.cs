using Recognizer.Inference;
using Recognizer.Inference.Onnx;
using Recognizer.Training;
using Recognizer.Training.Datasets;
using Recognizer.Training.Fitting;

namespace Recognizer.Benchmarks.Reading;

/// <summary>Characters that a model has not been trained on: those that its training held back for validation, for tuning, or test images, for final figures.</summary>
internal sealed class CharacterSource
{
    private readonly DatasetPart _part;
    private readonly IReadOnlyList<string> _labels;
    private readonly int[] _order;
    private bool _isRepeated;

    private CharacterSource(DatasetPart part, IReadOnlyList<string> labels, int[] order) => (_part, _labels, _order) = (part, labels, order);

    public int Count => _order.Length;

    /// <summary>[28, 28], 0 = ground … 255 = ink.</summary>
    public ReadOnlySpan<byte> Image(int index) => _part.Image(At(index));

    public string Label(int index) => _labels[_part.Labels[At(index)]];

    private int At(int index)
    {
        // Figures then rest on fewer characters than their number says.
        if (index >= _order.Length && !Interlocked.Exchange(ref _isRepeated, true))
            Console.Error.WriteLine($"There are {_order.Length} characters only: they are used again.");
        return _order[index % _order.Length];
    }

    /// <summary>Loads the characters of an alphabet in a random order that is always the same.</summary>
    /// <param name="graph">The model; says what it was trained on, and how that was divided.</param>
    /// <param name="dataset">A data set for its test images, or null for that of the training.</param>
    /// <param name="test">Test images, not those held back.</param>
    /// <param name="alphabet">Characters wanted; null takes all.</param>
    public static CharacterSource Load(Graph graph, string? dataset, bool test, Alphabet? alphabet)
    {
        string name = dataset ?? TrainingConfig.Of(graph)?.Dataset ?? throw new ArgumentException("The model doesn't say what it was trained on: --dataset is needed.");
        Action<string> progress = Console.Error.WriteLine;
        DatasetLoadOptions load = ModelData.OptionsFor(graph, name, new DatasetLoadOptions { NeedTrain = !test, NeedTest = test, Offline = true, Progress = progress }, out TrainingConfig? training);
        Dataset data = DatasetLoader.Load(name, load);
        // A set without parts is divided as for the training; of others, which may be large, one part will do.
        if (data.IsWhole && training is not null) data = DatasetLoader.Load(name, load with { NeedTrain = true, NeedTest = true });
        else if (data.IsWhole) progress($"{data.Name} has no test part of its own: these are all its images.");
        DatasetPart? part = data.Test;
        int[] indices;
        IReadOnlyList<string> labels = data.Labels;
        if (test) indices = [.. Enumerable.Range(0, part!.Count)];
        else
        {
            if (training is not { Validation: > 0 }) throw new ArgumentException("The model's training held nothing back of this data set: only --split test can be measured.");
            var held = new TrainingData(data, training.Classes, training.Validation, training.Seed);
            (part, indices, labels) = (held.Images, held.Validation, held.Labels);
        }
        if (alphabet is not null) indices = [.. indices.Where(i => alphabet.Contains(labels[part!.Labels[i]]))];
        if (indices.Length == 0) throw new ArgumentException($"{name} has no character of that alphabet.");
        new CounterRandom(CounterRandom.Key(0x9A6E)).Shuffle(indices.AsSpan());
        return new CharacterSource(part!, labels, indices);
    }
}
