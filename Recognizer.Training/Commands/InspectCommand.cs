using System.CommandLine;
using System.Text.Json;
using Recognizer.Inference.Onnx;

namespace Recognizer.Training.Commands;

/// <summary><c>inspect</c>: what is in an ONNX file.</summary>
internal static class InspectCommand
{
    public static CommandDescription Create(CommandHost host)
    {
        var file = new Argument<string>("FILE.onnx") { Description = "The model" };
        var command = new Command("inspect", "Show what is in an ONNX file: inputs, outputs, operators, parameters, multiply-adds, metadata") { file };
        var common = new CommonOptions(command, data: false, threads: false);
        command.SetAction(result =>
        {
            string path = result.GetRequiredValue(file);
            ModelSummary summary = ModelSummary.Of(OnnxReader.ReadFile(path));
            if (common.Json(result)) host.WriteJson(writer => WriteJson(writer, path, summary));
            else Print(host.Output, path, summary);
            return CommandLine.Done;
        });
        return new CommandDescription(command, "recognizer inspect models/strokes-cnn2/model.onnx");
    }

    private static void WriteJson(Utf8JsonWriter writer, string path, ModelSummary summary)
    {
        Graph graph = summary.Graph;
        writer.WriteStartObject();
        writer.WriteString("file", path);
        writer.WriteNumber("bytes", new FileInfo(path).Length);
        writer.WriteString("name", graph.Name);
        writer.WriteString("producer", graph.Producer);
        writer.WriteNumber("opset", graph.Opset);
        WriteValues(writer, "inputs", graph.Inputs);
        WriteValues(writer, "outputs", graph.Outputs);
        writer.WriteStartObject("operators");
        foreach ((string name, int count) in summary.Operators) writer.WriteNumber(name, count);
        writer.WriteEndObject();
        writer.WriteNumber("parameters", summary.Parameters);
        if (summary.MultiplyAdds is { } multiplyAdds) writer.WriteNumber("multiplyAdds", multiplyAdds);
        else writer.WriteNull("multiplyAdds");
        writer.WriteStartArray("notes");
        foreach (string note in summary.Notes) writer.WriteStringValue(note);
        writer.WriteEndArray();
        writer.WriteStartObject("metadata");
        foreach ((string key, string value) in graph.Metadata) writer.WriteString(key, value);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteValues(Utf8JsonWriter writer, string name, IEnumerable<ValueInfo> values)
    {
        writer.WriteStartArray(name);
        foreach (ValueInfo value in values)
        {
            writer.WriteStartObject();
            writer.WriteString("name", value.Name);
            writer.WriteString("type", value.ElementType.ToString());
            writer.WriteStartArray("shape");
            foreach (Dimension dimension in value.Shape ?? [])
            {
                if (dimension.IsFixed) writer.WriteNumberValue(dimension.Size);
                else writer.WriteStringValue(dimension.ToString());
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void Print(TextWriter output, string path, ModelSummary summary)
    {
        Graph graph = summary.Graph;
        output.WriteLine($"{path}: {graph.Name}, opset {graph.Opset}, written by {graph.Producer}, {new FileInfo(path).Length:N0} bytes");
        foreach (ValueInfo input in graph.Inputs) output.WriteLine($"  input          {input.Name}: {input}");
        foreach (ValueInfo value in graph.Outputs) output.WriteLine($"  output         {value.Name}: {value}");
        output.WriteLine($"  operators      {string.Join(", ", summary.Operators.Select(o => $"{o.Key} ×{o.Value}"))}");
        output.WriteLine($"  parameters     {summary.Parameters:N0}");
        output.WriteLine($"  multiply-adds  {(summary.MultiplyAdds is { } count ? $"{count:N0} per image" : "unknown: shapes depend on the input")}");
        output.WriteLine();
        var rows = new List<string[]>();
        foreach (LayerSummary layer in summary.Layers)
            rows.Add([layer.Name, layer.OperatorType, layer.OutputShape, layer.Parameters > 0 ? $"{layer.Parameters:N0}" : "", layer.MultiplyAdds > 0 ? $"{layer.MultiplyAdds:N0}" : ""]);
        TextTable.Write(output, ["layer", "operator", "output", "parameters", "multiply-adds"], rows, rightFrom: 3);
        if (summary.Notes.Count > 0) output.WriteLine();
        foreach (string note in summary.Notes) output.WriteLine($"note: {note}");
        if (graph.Metadata.Count > 0) output.WriteLine();
        foreach ((string key, string value) in graph.Metadata)
        {
            string text = value.ReplaceLineEndings(" ");
            output.WriteLine($"  {key} = {(text.Length > 200 ? text[..200] + $"… ({text.Length:N0} characters)" : text)}");
        }
    }
}
