using System.CommandLine;
using System.Text.Json;
using Recognizer.Inference;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Architectures;

namespace Recognizer.Training.Commands;

/// <summary><c>export</c>: another form of a model, with sample inputs and outputs beside it.</summary>
internal static class ExportCommand
{
    public static CommandDescription Create(CommandHost host)
    {
        var file = new Argument<string>("FILE.onnx") { Description = "The model" };
        var output = new Option<string>("--output") { Description = "File to write", HelpName = "FILE", Required = true };
        var bytes = new Option<bool>("--uint8-input") { Description = "Take uint8 pixels [N, 28, 28], 0…255 with ink high, and scale them to 0…1 inside the model" };
        var labels = new Option<string>("--labels") { Description = "Text of each class, in place of the model's own if it carries any: a JSON array, or one character per class", HelpName = "LABELS" };
        var samples = new Option<int>("--samples") { Description = "Sample inputs and outputs to write beside the model, as test_data_set_0, 1, …", HelpName = "N" };
        samples.Limit(0, 10_000);
        var command = new Command("export", "Write another form of a model, with sample inputs and outputs beside it") { file, output, bytes, labels, samples };
        var common = new CommonOptions(command, data: false, threads: false);
        command.SetAction(result =>
        {
            string path = result.GetRequiredValue(file);
            return OnnxException.Naming(path, () => Run(host, path, result.GetRequiredValue(output), result.GetValue(bytes), result.GetValue(labels), result.GetValue(samples), common.Json(result)));
        });
        return new CommandDescription(command, "recognizer export models/strokes-cnn2/model.onnx --uint8-input --samples 3 --output bytes/model.onnx", "recognizer export digits.onnx --labels 0123456789 --output digits-with-labels.onnx");
    }

    private static int Run(CommandHost host, string path, string output, bool bytes, string? labels, int samples, bool json)
    {
        Graph graph = ModelTransforms.InInferenceMode(OnnxReader.ReadFile(path));
        if (labels is not null)
        {
            string[] texts = Labels(labels);
            if (texts.Contains("")) throw new UsageException("--labels has an empty text.");
            if (texts.GroupBy(text => text).FirstOrDefault(same => same.Count() > 1) is { } repeated) throw new UsageException($"--labels has '{repeated.Key}' {repeated.Count()} times.");
            int classes = ClassifierHead.Classes(graph);
            if (texts.Length != classes) throw new CommandException($"{path} gives {classes} scores, but --labels has {texts.Length}.");
            if (graph.Metadata.ContainsKey(ModelMetadata.LabelsKey)) host.Error.WriteLine($"warning: {path} carries labels of its own, which --labels replaces.");
            ModelMetadata.SetLabels(graph, texts);
        }
        if (bytes) graph = ModelTransforms.WithByteInput(graph);
        string folder = Path.GetDirectoryName(Path.GetFullPath(output))!;
        Directory.CreateDirectory(folder);
        // Worked out before anything is written, so that a model that can't run leaves nothing behind.
        List<Dictionary<string, Tensor>> values = [];
        for (int i = 0; i < samples; i++)
        {
            host.Cancellation.ThrowIfCancellationRequested();
            values.Add(Sample(graph, new Random(i)));
        }
        OnnxWriter.WriteFile(graph, output);
        if (samples > 0) RemoveSamples(folder);
        for (int i = 0; i < samples; i++) TensorFile.WriteSample(folder, i, graph, values[i]);
        if (json)
        {
            host.WriteJson(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("model", output);
                writer.WriteNumber("bytes", new FileInfo(output).Length);
                writer.WriteNumber("samples", samples);
                writer.WriteEndObject();
            });
        }
        else host.Output.WriteLine($"{output}: {string.Join(", ", graph.Inputs.Select(i => $"{i.Name} {i}"))}{(samples > 0 ? $", {samples} samples" : "")}");
        return CommandLine.Done;
    }

    private static string[] Labels(string text)
    {
        if (!text.TrimStart().StartsWith('[')) return [.. Alphabet.Elements(text)];
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return [.. document.RootElement.EnumerateArray().Select(label => label.GetString() ?? throw new JsonException("null is no label"))];
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new UsageException($"--labels is no JSON array of strings: {exception.Message}");
        }
    }

    /// <summary>Removes the samples of an earlier export, which may be of another model; files of others stay.</summary>
    private static void RemoveSamples(string folder)
    {
        for (int i = 0; Path.Combine(folder, $"test_data_set_{i}") is var set && Directory.Exists(set); i++)
        {
            foreach (string file in (string[])[.. Directory.GetFiles(set, "input_*.pb"), .. Directory.GetFiles(set, "output_*.pb")]) File.Delete(file);
            if (!Directory.EnumerateFileSystemEntries(set).Any()) Directory.Delete(set);
        }
    }

    /// <summary>Random pixels for every input, and what the reference semantics make of them.</summary>
    private static Dictionary<string, Tensor> Sample(Graph graph, Random random)
    {
        var values = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (ValueInfo input in graph.Inputs)
        {
            if (input.Shape is null || input.Shape.Skip(1).Any(d => !d.IsFixed))
                throw new CommandException($"Input '{input.Name}' is {input}: samples need a model whose inputs leave nothing but the batch open.");
            // A batch of one where the batch is open.
            int[] shape = [.. input.Shape.Select(d => d.IsFixed ? d.Size : 1)];
            Tensor tensor = Tensor.Zeros(input.ElementType, shape);
            switch (input.ElementType)
            {
                case ElementType.Float:
                    foreach (ref float value in tensor.Span<float>()) value = random.Next(256) / 255f;
                    break;
                case ElementType.UInt8:
                    random.NextBytes(tensor.Span<byte>());
                    break;
                default:
                    throw new CommandException($"Input '{input.Name}' is {input}: samples are made for float and uint8 inputs.");
            }
            values.Add(input.Name, tensor);
        }
        foreach ((string name, Tensor tensor) in Interpreter.Run(graph, values, graph.Outputs.Select(o => o.Name))) values[name] = tensor;
        return values;
    }
}
