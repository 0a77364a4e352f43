namespace Recognizer.Inference.Onnx;

/// <summary>Other forms of a model.</summary>
public static class ModelTransforms
{
    /// <summary>The same model in inference mode: dropout lets everything through and batch normalisation takes its stored statistics. Exporters
    /// that preserve training mode write graphs that would answer at random otherwise.</summary>
    /// <param name="graph">The model; it stays as it is, and is itself the result where it is in inference mode already. Initializers are shared.</param>
    public static Graph InInferenceMode(Graph graph)
    {
        ArgumentNullException.ThrowIfNull(graph);
        if (!graph.Nodes.Any(IsInTrainingMode)) return graph;
        var read = new HashSet<string>(graph.Nodes.SelectMany(n => n.Inputs).Concat(graph.Outputs.Select(o => o.Name)), StringComparer.Ordinal);
        Graph result = graph.Like();
        foreach ((string name, Tensor tensor) in graph.Initializers) result.Initializers.Add(name, tensor);
        foreach (Node node in graph.Nodes)
        {
            // What only training computes may be read by nobody: new statistics have no meaning in inference.
            if (!IsInTrainingMode(node) || (node.OperatorType == "BatchNormalization" && node.Outputs.Skip(1).Any(read.Contains)))
            {
                result.Nodes.Add(node);
                continue;
            }
            bool isDropout = node.OperatorType == "Dropout";
            Node copy = isDropout ? node.With(inputs: node.Inputs.Take(2)) : node.With(outputs: node.Outputs.Take(1));
            copy.Attributes.Remove("training_mode");
            result.Nodes.Add(copy);
        }
        // The flags that switched the mode may be read by nobody now.
        var used = new HashSet<string>(result.Nodes.SelectMany(n => n.Inputs).Concat(result.Outputs.Select(o => o.Name)), StringComparer.Ordinal);
        foreach (Node constant in result.Nodes.Where(n => n.OperatorType == "Constant" && !n.Outputs.Any(used.Contains)).ToArray()) result.Nodes.Remove(constant);
        foreach (string name in graph.Initializers.Keys.Where(n => read.Contains(n) && !used.Contains(n))) result.Initializers.Remove(name);
        return result;
    }

    /// <summary>The part of a model that computes one value, which becomes its only output.</summary>
    /// <param name="graph">The model; it stays as it is. Nodes and initializers are shared.</param>
    /// <param name="value">Name of an output, or of a value of type Float.</param>
    internal static Graph Only(Graph graph, string value) => Only(graph, [graph.Outputs.FirstOrDefault(output => output.Name == value) ?? new ValueInfo(value, ElementType.Float, null)]);

    /// <summary>The part of a model that computes some values, which become its only outputs.</summary>
    /// <param name="graph">The model; it stays as it is. Nodes and initializers are shared.</param>
    /// <param name="outputs">The values.</param>
    internal static Graph Only(Graph graph, IReadOnlyList<ValueInfo> outputs)
    {
        var needed = new HashSet<string>(outputs.Select(output => output.Name), StringComparer.Ordinal);
        var nodes = new List<Node>(graph.Nodes.Count);
        foreach (Node node in graph.Nodes.Reverse())
        {
            if (!node.Outputs.Any(needed.Contains)) continue;
            nodes.Add(node);
            foreach (string input in node.Inputs)
                if (input.Length > 0) needed.Add(input);
        }
        Graph result = graph.Like();
        // Inputs that nothing reads go, unless that is all of them: then whoever takes the model has to say so.
        foreach (ValueInfo input in graph.Inputs.Where(input => !needed.Contains(input.Name)).ToArray())
            if (result.Inputs.Count > 1) result.Inputs.Remove(input);
        foreach (string name in graph.Unsupported.Keys.Where(name => !needed.Contains(name))) result.Unsupported.Remove(name);
        result.Outputs.Clear();
        foreach (ValueInfo output in outputs) result.Outputs.Add(output);
        foreach (Node node in Enumerable.Reverse(nodes)) result.Nodes.Add(node);
        foreach ((string name, Tensor tensor) in graph.Initializers)
            if (needed.Contains(name)) result.Initializers.Add(name, tensor);
        return result;
    }

    /// <summary>A model without the outputs that can't be computed, such as those of operators that nothing here runs.</summary>
    /// <param name="graph">The model; it stays as it is, and is itself the result where all its outputs can be computed. Nodes and initializers are shared.</param>
    /// <exception cref="OnnxException">No output can be computed; the message says why not the last one.</exception>
    internal static Graph Computable(Graph graph)
    {
        var outputs = new List<ValueInfo>();
        OnnxException? last = null;
        foreach (ValueInfo output in graph.Outputs)
        {
            try
            {
                ShapeInference.Infer(Only(graph, [output]));
                outputs.Add(output);
            }
            catch (OnnxException exception)
            {
                last = exception;
            }
        }
        return last is null ? graph : outputs.Count > 0 ? Only(graph, outputs) : throw last;
    }

    /// <summary>Whether a node is one that training and inference compute differently, written for training.</summary>
    internal static bool IsInTrainingMode(Node node) => node.OperatorType switch
    {
        "Dropout" => node.Inputs.Count > 2 && node.Inputs[2].Length > 0,
        "BatchNormalization" => node.Outputs.Count > 1 || node.Int("training_mode", 0) != 0,
        _ => false,
    };

    /// <summary>The same model for callers that have bytes: its one floating-point input [N, 1, H, W] (or [N, H, W, 1], or any other shape) becomes a uint8 input without
    /// the dimensions of size 1 after the first, [N, H, W], and the first nodes turn pixels of 0…255 into the range that the model was trained on.</summary>
    /// <param name="graph">The model; it stays as it is, and shares its initializers with the result.</param>
    /// <param name="scale">Factor from a pixel to the model's input: 1/255 for models that take 0…1, 1 for those that take 0…255.</param>
    /// <exception cref="OnnxException">The model has several inputs, or its input is not floating-point or has no known rank.</exception>
    public static Graph WithByteInput(Graph graph, float scale = 1f / 255)
    {
        ArgumentNullException.ThrowIfNull(graph);
        if (!(float.IsFinite(scale) && scale > 0)) throw new ArgumentOutOfRangeException(nameof(scale), scale, "A factor more than 0.");
        GraphValidator.Validate(graph);
        if (graph.Inputs.Count != 1) throw new OnnxException($"The model has {graph.Inputs.Count} inputs, expected one.");
        ValueInfo input = graph.Inputs[0];
        if (input.ElementType is not (ElementType.Float or ElementType.Double or ElementType.Float16))
            throw new OnnxException($"Input '{input.Name}' is {input}, expected floating-point numbers.");
        if (input.Shape is not { Count: > 0 } shape) throw new OnnxException($"Input '{input.Name}' is {input}, expected a shape that begins with the batch.");

        Graph result = graph.Like();
        var names = new HashSet<string>(graph.Nodes.SelectMany(n => n.Outputs).Concat(graph.Initializers.Keys).Append(input.Name), StringComparer.Ordinal);
        long[] ones = [.. Enumerable.Range(1, shape.Count - 1).Where(i => shape[i].IsFixed && shape[i].Size == 1).Select(i => (long)i)];
        result.Inputs[0] = new ValueInfo(input.Name, ElementType.UInt8, [.. shape.Where((_, i) => !ones.Contains(i))]);
        foreach ((string name, Tensor tensor) in graph.Initializers) result.Initializers.Add(name, tensor);

        string last = Append("Cast", input.Name, "float", []);
        result.Nodes[^1].Attributes["to"] = CastTarget.For(input.ElementType, graph.Opset);
        if (ones.Length > 0)
        {
            // The axes became an input with opset 13.
            string[] axes = graph.Opset >= 13 ? [Constant("axes", Tensor.Vector(ones))] : [];
            last = Append("Unsqueeze", last, "image", axes);
            if (axes.Length == 0) result.Nodes[^1].Attributes["axes"] = ones;
        }
        if (scale != 1)
        {
            Tensor factor = input.ElementType switch
            {
                ElementType.Double => Tensor.Scalar((double)scale),
                ElementType.Float16 => Tensor.Scalar((Half)scale),
                _ => Tensor.Scalar(scale),
            };
            last = Append("Mul", last, "scaled", [Constant("scale", factor)]);
            // Operands of different shapes had to be asked for before operator set 7.
            if (graph.Opset < 7) result.Nodes[^1].Attributes["broadcast"] = 1L;
        }
        foreach (Node node in graph.Nodes) result.Nodes.Add(node.With(node.Inputs.Select(i => i == input.Name ? last : i)));
        ShapeInference.Infer(result);
        return result;

        string Append(string operatorType, string from, string suffix, string[] more)
        {
            string name = Free(suffix);
            result.Nodes.Add(new Node(operatorType, [from, .. more], [name], name));
            return name;
        }

        string Constant(string suffix, Tensor value)
        {
            string name = Free(suffix);
            result.Initializers.Add(name, value);
            return name;
        }

        string Free(string suffix)
        {
            string name = $"{input.Name}.{suffix}";
            while (!names.Add(name)) name += "_";
            return name;
        }
    }
}
