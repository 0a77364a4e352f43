using System.Globalization;
using Recognizer.Benchmarks.Peers;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Datasets;
using Recognizer.Training.Quantization;

namespace Recognizer.Benchmarks.Agreement;

/// <summary>Compares the engine's results with ONNX Runtime's: for models as they are, as written after reading, and in 8 bits.</summary>
internal sealed class AgreementCommand
{
    private const double Tolerance = 1e-4;
    private static readonly int[] Batches = [1, 7, 64];

    private readonly OnnxRuntimeLibrary _library;
    private readonly string _folder = Directory.CreateTempSubdirectory("agreement").FullName;
    private readonly List<(string Model, string Form, string Path)> _written = [];
    private bool _failed;

    private AgreementCommand(OnnxRuntimeLibrary library) => _library = library;

    public static int Run(string[] arguments)
    {
        string only = "";
        string? model = null, dataset = null;
        int count = 1000;
        var files = new List<string>();
        for (int i = 0; i < arguments.Length; i++)
        {
            bool hasValue = i + 1 < arguments.Length;
            switch (arguments[i])
            {
                case "--only" when hasValue: only = arguments[++i]; break;
                case "--model" when hasValue: model = arguments[++i]; break;
                case "--dataset" when hasValue: dataset = arguments[++i]; break;
                case "--count" when hasValue && int.TryParse(arguments[i + 1], CultureInfo.InvariantCulture, out count) && count > 0: i++; break;
                case var file when file.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase): files.Add(file); break;
                default:
                    Console.Error.WriteLine($"agreement: '{arguments[i]}' is not understood; options are FILE.onnx…, --only TEXT, --model FILE.onnx with --dataset NAME and --count N.");
                    return 2;
            }
        }
        if (model is null != dataset is null)
        {
            Console.Error.WriteLine("agreement: --model and --dataset belong together.");
            return 2;
        }
        if (PeerInstaller.OnnxRuntime() is not { } path)
        {
            Console.Error.WriteLine("ONNX Runtime is missing and could not be installed.");
            return 1;
        }
        var command = new AgreementCommand(new OnnxRuntimeLibrary(path));
        try
        {
            if (model is not null) command.CompareOnImages(model, dataset!, count);
            else command.CompareAll(files.Count > 0 ? files.Select(f => (Path.GetFileName(f), File.ReadAllBytes(f))) : AgreementModels.All(), only);
        }
        finally
        {
            Directory.Delete(command._folder, recursive: true);
        }
        return command._failed ? 1 : 0;
    }

    /// <summary>Largest difference between two results, as a share of the largest number among them.</summary>
    private static double Difference(ReadOnlySpan<float> ours, ReadOnlySpan<float> theirs)
    {
        double difference = 0, largest = 0;
        for (int i = 0; i < ours.Length; i++)
        {
            // Not a number on either side is a difference without bounds.
            double d = Math.Abs((double)ours[i] - theirs[i]);
            difference = d >= 0 ? Math.Max(difference, d) : double.PositiveInfinity;
            largest = Math.Max(largest, Math.Abs((double)theirs[i]));
        }
        return largest > 0 ? difference / largest : difference;
    }

    private void CompareAll(IEnumerable<(string Name, byte[] File)> models, string only)
    {
        Console.WriteLine($"Engine and ONNX Runtime {_library.Version}; difference: the largest one as a share of the largest number of the output; at most {Tolerance:g1}");
        Console.WriteLine();
        Console.WriteLine("| model | form | batches | outputs | difference | agrees |");
        Console.WriteLine("| --- | --- | --- | --- | --- | --- |");
        int count = 0;
        foreach ((string name, byte[] file) in models)
        {
            if (!name.Contains(only, StringComparison.OrdinalIgnoreCase)) continue;
            count++;
            Graph read = OnnxReader.Read(file), graph = ModelTransforms.InInferenceMode(read);
            if (ReferenceEquals(read, graph)) Row("as it is", graph, file);
            Row(ReferenceEquals(read, graph) ? "read, written" : "inference mode, written", OnnxReader.Read(OnnxWriter.ToBytes(graph)), Write(name, "written", graph));
            if (IsImageClassifier(graph) && graph.Opset >= PostTrainingQuantizer.LowestOpset)
            {
                Graph quantized = PeerNetworks.Quantize(graph);
                Row("8 bits", quantized, Write(name, "8 bits", quantized));
            }

            void Row(string form, Graph ours, byte[] theirs)
            {
                string batches = "", outputs = "";
                double difference;
                try
                {
                    difference = Compare(ours, theirs, out batches, out outputs);
                }
                catch (Exception exception) when (exception is OnnxException or InvalidOperationException or NotSupportedException)
                {
                    Console.Error.WriteLine($"{name}, {form}: {exception.Message}");
                    difference = double.PositiveInfinity;
                }
                bool agrees = difference <= Tolerance;
                _failed |= !agrees;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {form} | {batches} | {outputs} | {difference:e1} | {(agrees ? "yes" : "**no**")} |"));
            }
        }
        Console.WriteLine();
        Console.WriteLine($"{count} models");
        CheckWritten();
    }

    // Images of one channel, floats, with layers that can be quantised.
    private static bool IsImageClassifier(Graph graph) =>
        graph.Inputs is [{ ElementType: ElementType.Float, Shape: { } shape }] && shape.Skip(1).All(d => d.IsFixed) && shape.Skip(1).Aggregate(1L, (p, d) => p * d.Size) == 784
        && graph.Nodes.Any(n => n.OperatorType == "Conv");

    private byte[] Write(string model, string form, Graph graph)
    {
        string path = Path.Combine(_folder, $"{_written.Count}.onnx");
        OnnxWriter.WriteFile(graph, path);
        _written.Add((model, form, path));
        return File.ReadAllBytes(path);
    }

    private double Compare(Graph graph, byte[] file, out string batches, out string outputs)
    {
        if (graph.Inputs is not [{ Shape: { Count: > 0 } shape } input]) throw new NotSupportedException("Models with one input of known rank are compared.");
        using Plan plan = Plan.Compile(graph);
        using var session = new OnnxRuntimeSession(_library, file);
        int[] sizes = shape[0].IsFixed ? [shape[0].Size] : Batches;
        batches = string.Join(", ", sizes);
        outputs = string.Join(", ", graph.Outputs.Select(o => o.Name));
        double worst = 0;
        foreach (int batch in sizes)
        {
            Tensor images = RandomInput(input, [batch, .. shape.Skip(1).Select(d => d.Size)], seed: batch);
            worst = Math.Max(worst, Compare(plan, session, input.Name, images));
        }
        return worst;
    }

    private static double Compare(Plan plan, OnnxRuntimeSession session, string input, Tensor images)
    {
        double worst = 0;
        foreach ((string name, Tensor ours) in plan.Run(new Dictionary<string, Tensor> { [input] = images }))
            worst = Math.Max(worst, Difference(ours.Span<float>(), session.Run(input, images, name, ours.Shape)));
        return worst;
    }

    private static Tensor RandomInput(ValueInfo input, int[] shape, int seed)
    {
        var random = new Random(seed);
        Tensor tensor = Tensor.Zeros(input.ElementType, shape);
        switch (tensor.Data)
        {
            case byte[] bytes: random.NextBytes(bytes); break;
            case float[] values:
                for (int i = 0; i < values.Length; i++) values[i] = random.NextSingle();
                break;
            default: throw new NotSupportedException($"Input '{input.Name}' is {input}; float and uint8 inputs are compared.");
        }
        return tensor;
    }

    private void CompareOnImages(string path, string name, int count)
    {
        const double tolerance = 1e-5;
        const int batch = 100;
        byte[] file = File.ReadAllBytes(path);
        Graph graph = OnnxReader.Read(file);
        if (graph.Inputs is not [{ ElementType: ElementType.Float, Shape: { } shape } input] || shape[0].IsFixed)
            throw new NotSupportedException($"{path}: expected one float input with an open batch.");
        Dataset dataset = DatasetLoader.Load(name, new DatasetLoadOptions { NeedTrain = false, Progress = Console.Error.WriteLine });
        DatasetPart test = dataset.Test ?? throw new InvalidOperationException($"{name} has no test split.");
        count = Math.Min(count, test.Count);
        using Plan plan = Plan.Compile(graph);
        using var session = new OnnxRuntimeSession(_library, file);
        var worst = new Dictionary<string, (double Relative, double Absolute, int OtherAnswers)>();
        for (int start = 0; start < count; start += batch)
        {
            int size = Math.Min(batch, count - start);
            Tensor images = Tensor.Zeros(ElementType.Float, [size, .. shape.Skip(1).Select(d => d.Size)]);
            Span<float> pixels = images.Span<float>();
            for (int i = 0; i < size; i++)
            {
                ReadOnlySpan<byte> image = test.Image(start + i);
                for (int p = 0; p < image.Length; p++) pixels[i * image.Length + p] = image[p] / 255f;
            }
            foreach ((string output, Tensor ours) in plan.Run(new Dictionary<string, Tensor> { [input.Name] = images }))
            {
                float[] theirs = session.Run(input.Name, images, output, ours.Shape);
                (double relative, double absolute, int otherAnswers) = worst.GetValueOrDefault(output);
                int classes = theirs.Length / size;
                for (int i = 0; i < size; i++)
                {
                    ReadOnlySpan<float> a = ours.Span<float>().Slice(i * classes, classes), b = theirs.AsSpan(i * classes, classes);
                    relative = Math.Max(relative, Difference(a, b));
                    for (int c = 0; c < classes; c++) absolute = Math.Max(absolute, Math.Abs(a[c] - b[c]));
                    if (Largest(a) != Largest(b)) otherAnswers++;
                }
                worst[output] = (relative, absolute, otherAnswers);
            }
        }
        Console.WriteLine($"{path} on {count} test images of {name}, engine and ONNX Runtime {_library.Version}; at most {tolerance:g1} as a share of an image's largest score");
        Console.WriteLine();
        Console.WriteLine("| output | relative difference | absolute difference | other answers | agrees |");
        Console.WriteLine("| --- | --- | --- | --- | --- |");
        foreach ((string output, (double relative, double absolute, int otherAnswers)) in worst)
        {
            bool agrees = relative <= tolerance;
            _failed |= !agrees;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {output} | {relative:e1} | {absolute:e1} | {otherAnswers} | {(agrees ? "yes" : "**no**")} |"));
        }
        Console.WriteLine();
        _written.Add((Path.GetFileName(path), "as it is", path));
        CheckWritten();
    }

    private static int Largest(ReadOnlySpan<float> scores)
    {
        int best = 0;
        for (int i = 1; i < scores.Length; i++)
            if (scores[i] > scores[best]) best = i;
        return best;
    }

    private void CheckWritten()
    {
        IReadOnlyDictionary<string, string>? complaints = AgreementModels.Check([.. _written.Select(w => w.Path)]);
        if (complaints is null)
        {
            Console.Error.WriteLine("ONNX's checker is missing: files were not checked.");
            _failed = true;
            return;
        }
        Console.WriteLine($"onnx.checker with full checks: {_written.Count - complaints.Count} of {_written.Count} files pass");
        foreach ((string model, string form, string path) in _written)
        {
            if (!complaints.TryGetValue(path, out string? reason)) continue;
            _failed = true;
            Console.WriteLine($"  {model}, {form}: {reason}");
        }
    }
}
