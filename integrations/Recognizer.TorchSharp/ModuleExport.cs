using System.Text.Json;
using Recognizer.Inference.Onnx;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Tensor = TorchSharp.torch.Tensor;

namespace Recognizer.TorchSharp;

/// <summary>Exports TorchSharp modules to ONNX: sequences of the usual layers, in evaluation mode, and what <see cref="IModuleExporter"/>s add.</summary>
public static class ModuleExport
{
    private const string LabelsKey = "recognizer.labels";

    /// <summary>Makes a graph of a classifier.</summary>
    /// <param name="module">The module, from images to logits or probabilities. A <see cref="GraphModule"/> gives its own graph, with whatever outputs that has.</param>
    /// <param name="labels">Text of each class; kept in the model, so that a recognizer can load it.</param>
    /// <param name="inputShape">Shape of one image; null for [1, 28, 28], or what the graph of a <see cref="GraphModule"/> takes.</param>
    /// <param name="exporters">Asked before what is known here.</param>
    /// <returns>A graph with input <c>input</c> [N, …] and outputs <c>logits</c> (unless the module ends with a softmax) and <c>probabilities</c>; <see cref="OnnxWriter"/> writes it.</returns>
    /// <exception cref="NotSupportedException">A module inside is of a kind that no exporter knows; the message names it.</exception>
    /// <exception cref="ArgumentException">The graph of a <see cref="GraphModule"/> has other labels, another number of classes or another input.</exception>
    /// <exception cref="OnnxException">The layers don't fit each other, the input or the number of labels; the message names the node or the output.</exception>
    public static Graph ToGraph(nn.Module<Tensor, Tensor> module, IReadOnlyList<string> labels, IReadOnlyList<int>? inputShape = null, IEnumerable<IModuleExporter>? exporters = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(labels);
        var builder = new GraphBuilder(module.GetName());
        string input = builder.Input("input", ElementType.Float, [Dimension.Named("N"), .. (inputShape ?? [1, 28, 28]).Select(Dimension.Fixed)]);
        var graph = new ModuleGraph(builder, input, [.. exporters ?? [], new UsualLayers()]);
        if (module is not GraphModule graphModule) graph.Export("", module);
        else if (!graph.TryExport(module)) return Check(graphModule.ToGraph(), labels, inputShape);
        bool endsWithSoftmax = module is Softmax || module.modules().LastOrDefault() is Softmax;
        string logits = endsWithSoftmax ? "" : builder.Node("Identity", "logits", [graph.Value]);
        string probabilities = endsWithSoftmax ? builder.Node("Identity", "probabilities", [graph.Value]) : builder.Node("Softmax", "probabilities", [logits], ("axis", 1));
        foreach (string output in new[] { logits, probabilities }.Where(name => name.Length > 0))
            builder.Output(output, ElementType.Float, Dimension.Named("N"), labels.Count);
        Graph built = builder.Build();
        built.Metadata[LabelsKey] = JsonSerializer.Serialize(labels);
        ShapeInference.Infer(built);
        return built;
    }

    // A graph has its labels and its input already.
    private static Graph Check(Graph graph, IReadOnlyList<string> labels, IReadOnlyList<int>? inputShape)
    {
        string json = JsonSerializer.Serialize(labels);
        if (!graph.Metadata.TryAdd(LabelsKey, json) && !JsonSerializer.Deserialize<string[]>(graph.Metadata[LabelsKey])!.SequenceEqual(labels))
            throw new ArgumentException($"The module's graph has the labels {graph.Metadata[LabelsKey]}, not {json}.", nameof(labels));
        IReadOnlyDictionary<string, ValueInfo> values = ShapeInference.Infer(graph);
        foreach (ValueInfo output in graph.Outputs)
        {
            if (values[output.Name].Shape is [.., { IsFixed: true } classes] && classes.Size != labels.Count)
                throw new ArgumentException($"The module's graph gives {classes} {output.Name}, there are {labels.Count} labels.", nameof(labels));
        }
        ValueInfo input = graph.Inputs.First(input => !graph.Initializers.ContainsKey(input.Name));
        if (inputShape is not null && input.Shape is { } declared && !declared.Skip(1).SequenceEqual(inputShape.Select(Dimension.Fixed)))
            throw new ArgumentException($"The module's graph takes {input}, not [N, {string.Join(", ", inputShape)}].", nameof(inputShape));
        return graph;
    }

    private sealed class UsualLayers : IModuleExporter
    {
        public bool TryExport(nn.Module module, ModuleGraph graph)
        {
            switch (module)
            {
                case Sequential:
                    foreach ((string name, nn.Module child) in module.named_children()) graph.Export(name, child);
                    break;
                case Conv2d conv:
                    graph.Apply("Conv", [graph.Weight("weight", conv.weight), .. conv.bias is null ? Array.Empty<string>() : [graph.Weight("bias", conv.bias)]],
                        ("kernel_shape", conv.kernel_size), ("strides", conv.stride), ("dilations", conv.dilation), ("group", conv.groups), ("pads", Pads(conv)));
                    break;
                case Linear linear:
                    graph.Apply("Gemm", [graph.Weight("weight", linear.weight), .. linear.bias is null ? Array.Empty<string>() : [graph.Weight("bias", linear.bias)]], ("transB", 1));
                    break;
                case NormBase norm when norm is BatchNorm1d or BatchNorm2d && norm.track_running_stats:
                    graph.Apply("BatchNormalization",
                    [
                        graph.Weight("weight", norm.affine ? norm.weight : ones(norm.num_features)),
                        graph.Weight("bias", norm.affine ? norm.bias! : zeros(norm.num_features)),
                        graph.Weight("running_mean", norm.running_mean!),
                        graph.Weight("running_var", norm.running_var!),
                    ], ("epsilon", (float)norm.eps), ("momentum", (float)(1 - (norm.momentum ?? 0.1))));
                    break;
                case MaxPool2d pool:
                    Pool(graph, "MaxPool", pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode, ("dilations", Two(pool.dilation ?? [1, 1])));
                    break;
                case AvgPool2d pool when pool.divisor_override is null:
                    Pool(graph, "AveragePool", pool.kernel_size, pool.stride, pool.padding, pool.ceil_mode, ("count_include_pad", pool.count_include_pad ? 1 : 0));
                    break;
                case AdaptiveAvgPool2d { output_size: [1] or [1, 1] }:
                    graph.Apply("GlobalAveragePool");
                    break;
                case Flatten { start_dim: 1, end_dim: -1 }:
                    graph.Apply("Flatten", null, ("axis", 1));
                    break;
                case Dropout or Dropout2d or Identity:
                    break;
                case ReLU:
                    graph.Apply("Relu");
                    break;
                case ReLU6:
                    graph.Apply("Clip", [graph.Constant("min", 0), graph.Constant("max", 6)]);
                    break;
                case LeakyReLU leaky:
                    graph.Apply("LeakyRelu", null, ("alpha", (float)leaky.negative_slope));
                    break;
                case ELU elu:
                    graph.Apply("Elu", null, ("alpha", (float)elu.alpha));
                    break;
                case Sigmoid:
                    graph.Apply("Sigmoid");
                    break;
                case Tanh:
                    graph.Apply("Tanh");
                    break;
                case Hardswish:
                    graph.Apply("HardSwish");
                    break;
                case SiLU:
                    string gated = graph.Value;
                    graph.Apply("Sigmoid");
                    graph.Apply("Mul", [gated]);
                    break;
                case GELU { approximate: GELU.Approximate.none }:
                    // x · (erf(x / √2) + 1) / 2
                    string x = graph.Value;
                    graph.Apply("Div", [graph.Constant("root", MathF.Sqrt(2))]);
                    graph.Apply("Erf");
                    graph.Apply("Add", [graph.Constant("one", 1)]);
                    graph.Apply("Mul", [x]);
                    graph.Apply("Mul", [graph.Constant("half", 0.5f)]);
                    break;
                case Softmax softmax:
                    graph.Apply("Softmax", null, ("axis", softmax.dim));
                    break;
                case LogSoftmax softmax:
                    graph.Apply("LogSoftmax", null, ("axis", softmax.dim));
                    break;
                default:
                    return false;
            }
            return true;
        }

        private static long[] Pads(Conv2d conv)
        {
            if (conv.padding_mode != global::TorchSharp.PaddingModes.Zeros) throw new NotSupportedException($"Conv2d with padding mode {conv.padding_mode} can't be exported.");
            if (conv.padding_type is global::TorchSharp.Padding.Same)
            {
                // What is over when the total is odd goes to the end.
                long[] total = [.. conv.kernel_size.Zip(conv.dilation, (kernel, dilation) => (kernel - 1) * dilation)];
                return [total[0] / 2, total[1] / 2, total[0] - total[0] / 2, total[1] - total[1] / 2];
            }
            return conv.padding is { } padding ? Ends(padding) : [0, 0, 0, 0];
        }

        private static void Pool(ModuleGraph graph, string operatorType, long[] kernel, long[]? stride, long[]? padding, bool ceil, (string, object) attribute) =>
            graph.Apply(operatorType, null, ("kernel_shape", Two(kernel)), ("strides", Two(stride is { Length: > 0 } ? stride : kernel)),
                ("pads", Ends(padding ?? [0, 0])), ("ceil_mode", ceil ? 1 : 0), attribute);

        private static long[] Two(long[] sizes) => sizes.Length == 1 ? [sizes[0], sizes[0]] : sizes;

        private static long[] Ends(long[] padding) => [.. Two(padding), .. Two(padding)];
    }
}
