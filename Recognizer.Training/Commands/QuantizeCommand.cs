using System.CommandLine;
using Recognizer.Inference;
using Recognizer.Inference.Evaluation;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Datasets;
using Recognizer.Training.Fitting;
using Recognizer.Training.Quantization;

namespace Recognizer.Training.Commands;

/// <summary><c>quantize</c>: stores a model in 8 bits and says what that costs.</summary>
internal static class QuantizeCommand
{
    public static CommandDescription Create(CommandHost host)
    {
        var file = new Argument<string>("FILE.onnx") { Description = "The float model" };
        var dataset = new Option<string>("--dataset") { Description = "Data set to choose ranges on (its training split) and to compare on (its test split)", HelpName = "NAME|DIR|FILE", Required = true };
        var output = new Option<string>("--output") { Description = "The quantised model", HelpName = "FILE", Required = true };
        var command = new Command("quantize", "Store a model in 8 bits (standard ONNX quantise-dequantise nodes)") { file, dataset, output };
        var common = new CommonOptions(command);
        command.SetAction(result =>
        {
            string path = result.GetRequiredValue(file), target = result.GetRequiredValue(output);
            int threads = common.Threads(result);
            Graph graph = OnnxReader.ReadFile(path);
            string name = result.GetRequiredValue(dataset);
            DatasetLoadOptions load = ModelData.OptionsFor(graph, name, new DatasetLoadOptions
            {
                Root = common.DataRoot(result),
                Offline = common.Offline(result),
                Threads = threads,
                Progress = host.Error.WriteLine,
                CancellationToken = host.Cancellation,
            }, out TrainingConfig? training);
            Dataset data = DatasetLoader.Load(name, load);
            foreach (string unreadable in data.UnreadableFiles) host.Error.WriteLine($"unreadable: {unreadable}");
            DatasetPart train = data.Train ?? throw new CommandException($"{data.Name} has no training split.");
            Graph quantized = Calibration.Quantize(graph, train, threads, host.Cancellation);
            foreach (ValueInfo output in graph.Outputs.ExceptBy(quantized.Outputs.Select(kept => kept.Name), output => output.Name))
                host.Error.WriteLine($"left out: output '{output.Name}', which can't be computed here");
            host.Cancellation.ThrowIfCancellationRequested();
            if (Path.GetDirectoryName(target) is { Length: > 0 } folder) Directory.CreateDirectory(folder);
            AtomicFile.Write(target, stream => OnnxWriter.Write(quantized, stream));
            double ratio = (double)PostTrainingQuantizer.ConstantBytes(quantized) / PostTrainingQuantizer.ConstantBytes(graph);
            ModelEvaluation? before = Evaluate(graph), after = Evaluate(quantized);
            if (common.Json(result))
            {
                host.WriteJson(writer =>
                {
                    writer.WriteStartObject();
                    writer.WriteString("model", target);
                    writer.WriteString("dataset", data.Name);
                    writer.WriteNumber("weightBytesRatio", ratio);
                    if (before is not null && after is not null)
                    {
                        MulticlassMetrics.Number(writer, "floatAccuracy", before.Metrics.MicroAccuracy);
                        MulticlassMetrics.Number(writer, "floatStandardError", before.Metrics.StandardError);
                        MulticlassMetrics.Number(writer, "microAccuracy", after.Metrics.MicroAccuracy);
                        MulticlassMetrics.Number(writer, "standardError", after.Metrics.StandardError);
                    }
                    writer.WriteEndObject();
                });
            }
            else
            {
                host.Output.WriteLine($"{target}: {ratio:p1} of the weights' bytes");
                if (before is not null && after is not null)
                    host.Output.WriteLine($"accuracy on {data.Name}, test: {MetricsOutput.Accuracy(before.Metrics)} in floats, {MetricsOutput.Accuracy(after.Metrics)} in 8 bits");
            }
            return CommandLine.Done;

            ModelEvaluation? Evaluate(Graph model)
            {
                if (data.Test is not { } test) return null;
                using CharacterRecognizer recognizer = CharacterRecognizer.Load(model, ReproduciblePlan.Recognizer(threads) with { Labels = data.Labels });
                return ModelEvaluation.Run(recognizer, test, null, data.Labels, training?.Classes, cancellation: host.Cancellation);
            }
        });
        return new CommandDescription(command, "recognizer quantize models/mnist-cnn2/model.onnx --dataset mnist --output models/mnist-cnn2/model-int8.onnx");
    }
}
