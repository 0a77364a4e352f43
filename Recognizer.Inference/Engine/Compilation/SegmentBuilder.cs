using Recognizer.Inference.Engine.Execution;
using Recognizer.Inference.Engine.Execution.Steps;
using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Quantized;
using Recognizer.Inference.Engine.Operators;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Compilation;

/// <summary>Makes steps of nodes that treat every image by itself: fuses them, chooses layouts and kernels.</summary>
internal sealed unsafe partial class SegmentBuilder
{
    // Residuals of links live as long as the chain.
    private const int MostLinks = 8;

    private readonly RewriteGraph _graph;
    private readonly BatchAnalysis _shapes;
    private readonly KernelChoice _kernels;
    private readonly List<Node> _nodes;
    private readonly HashSet<Node> _members;
    private readonly HashSet<string> _outputs;
    private readonly Dictionary<string, Value> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _borders = new(StringComparer.Ordinal);
    private readonly List<Step> _steps = [];

    /// <summary>Where a value is: row-major, as images, or both; a reshaped value may point to the images that it was.</summary>
    private sealed class Value
    {
        public Slot? Rows;
        public Slot? Pixels;

        /// <summary>Shape of one image as the graph sees it.</summary>
        public required int[] Shape;

        /// <summary>Elements of one image.</summary>
        public int Elements => (int)Tensor.ElementCount(Shape);
    }

    /// <summary>A node and those that its step takes over.</summary>
    private sealed class Group
    {
        public required Node Main;
        public required Node Last;
        public string? Residual;
        public Activation Activation;
        public FusedPooling Pooling;

        /// <summary>What is known of a convolution or dense layer that runs in integers; null for floats.</summary>
        public QuantizedLayer? Quantized;

        /// <summary>Levels in which the result is kept, or null for values.</summary>
        public LevelRange? Levels;
    }

    private SegmentBuilder(RewriteGraph graph, BatchAnalysis shapes, KernelChoice kernels, List<Node> nodes, IReadOnlyList<string> outputs)
    {
        (_graph, _shapes, _kernels, _nodes) = (graph, shapes, kernels, nodes);
        _members = [.. nodes];
        _outputs = [.. outputs];
    }

    /// <summary>Builds a segment.</summary>
    /// <param name="graph">Where constants and readers of values are found.</param>
    /// <param name="shapes">Shapes of one image for all values of the nodes.</param>
    /// <param name="kernels">Picks algorithms.</param>
    /// <param name="nodes">Nodes of the segment in topological order, all supported by <see cref="BatchAnalysis"/>.</param>
    /// <param name="inputs">Values from outside.</param>
    /// <param name="outputs">Values that are wanted outside.</param>
    public static Segment Build(RewriteGraph graph, BatchAnalysis shapes, KernelChoice kernels, List<Node> nodes, IReadOnlyList<string> inputs, IReadOnlyList<string> outputs)
    {
        var builder = new SegmentBuilder(graph, shapes, kernels, nodes, outputs);
        try
        {
            return builder.Build(inputs, outputs);
        }
        catch
        {
            foreach (Step step in builder._steps) step.Dispose();
            throw;
        }
    }

    private Segment Build(IReadOnlyList<string> inputs, IReadOnlyList<string> outputs)
    {
        for (int i = 0; i < inputs.Count; i++)
        {
            int[] shape = _shapes[inputs[i]]!;
            _values[inputs[i]] = new Value
            {
                Shape = shape,
                Rows = new Slot((int)Tensor.ElementCount(shape)) { Scope = SlotScope.External, Offset = i },
            };
        }
        Dictionary<Node, Group> groups = Fuse();
        FindBorders(groups.Values);
        foreach (Node node in _nodes)
        {
            if (groups.TryGetValue(node, out Group? group) && group.Last == node) Emit(group);
        }
        for (int i = 0; i < outputs.Count; i++)
        {
            Value value = ValueOf(outputs[i]);
            var external = new Slot(value.Elements) { Scope = SlotScope.External, Offset = inputs.Count + i };
            if (value.Rows is null) _steps.Add(new ExportStep(value.Pixels!, external));
            else _steps.Add(new OutputStep(value.Rows, external));
        }
        JoinConvolutions();
        return new Segment(inputs, [.. inputs.Select(input => _shapes[input]!)], outputs, [.. outputs.Select(output => _values[output].Shape)], _steps);
    }

    /// <summary>Makes one step of convolutions that follow one another and can be computed together.</summary>
    private void JoinConvolutions()
    {
        for (int i = 0; i + 1 < _steps.Count; i++)
        {
            if (_steps[i] is not ConvolutionStep first) continue;
            List<ConvolutionStep> links = [first];
            ConvolutionChain? chain = null;
            while (links.Count < MostLinks && i + links.Count < _steps.Count && _steps[i + links.Count] is ConvolutionStep next && next.Input == links[^1].Output
                && first.Kernel.Join([.. links.Skip(1).Append(next).Select(link => link.Kernel)]) is { } longer)
            {
                links.Add(next);
                chain = longer;
            }
            if (chain is null) continue;
            bool[] written = [.. links.Select((link, l) => l == links.Count - 1 || _steps.Sum(step => step.Reads.Count(slot => slot == link.Output)) > 1)];
            _steps.RemoveRange(i, links.Count);
            _steps.Insert(i, new ConvolutionChainStep([.. links], chain, written));
        }
    }

    // Fusing

    /// <summary>Gathers what one step can do; every node of the segment is mapped to its group.</summary>
    private Dictionary<Node, Group> Fuse()
    {
        var groups = new Dictionary<Node, Group>();
        foreach (Node node in _nodes)
        {
            if (groups.ContainsKey(node)) continue;
            var group = new Group { Main = node, Last = node };
            groups[node] = group;
            if (FuseQuantized(group, groups)) continue;
            if (node.Domain.Length > 0 || node.OperatorType is not ("Conv" or "Gemm" or "MatMul" or "Add" or "Sub" or "Mul" or "Div")) continue;
            bool convolution = node.OperatorType == "Conv";
            if (convolution && Follower(group) is { OperatorType: "Add", Domain: "" } add && Other(add, group.Last.Outputs[0]) is { } residual
                && _shapes[residual] is { } shape && shape.AsSpan().SequenceEqual(_shapes[node.Outputs[0]]))
            {
                group.Residual = residual;
                Take(add);
            }
            if (Follower(group) is { } first && NodeActivation.TryRead(_graph, first, out Activation activation))
            {
                group.Activation = activation;
                Take(first);
            }
            if (!convolution) continue;
            if (Follower(group) is { } pool && PoolingOf(pool) is var pooling && pooling != FusedPooling.None)
            {
                group.Pooling = pooling;
                Take(pool);
                // A maximum may be taken before a monotone function as well as after.
                if (pooling == FusedPooling.Max2x2 && group.Activation.Kind == ActivationKind.None
                    && Follower(group) is { } late && NodeActivation.TryRead(_graph, late, out Activation after) && NodeActivation.IsMonotone(after))
                {
                    group.Activation = after;
                    Take(late);
                }
            }

            void Take(Node taken)
            {
                groups[taken] = group;
                group.Last = taken;
            }
        }
        return groups;

        Node? Follower(Group group) =>
            _outputs.Contains(group.Last.Outputs[0]) ? null
            : _graph.OnlyConsumer(group.Last.Outputs[0]) is { } next && _members.Contains(next) && !groups.ContainsKey(next) ? next : null;

        static string? Other(Node add, string value) => add.Inputs[0] == value ? add.Inputs[1] : add.Inputs[0];
    }

    private FusedPooling PoolingOf(Node node)
    {
        if (node.Domain.Length > 0 || _shapes[node.Inputs[0]] is not { Length: 3 } input) return FusedPooling.None;
        switch (node.OperatorType)
        {
            case "GlobalAveragePool":
                return FusedPooling.GlobalAverage;
            case "ReduceMean":
                return BatchAnalysis.MeanAxes(_graph, node, 4) is { } axes && axes.Order().SequenceEqual([2, 3]) ? FusedPooling.GlobalAverage : FusedPooling.None;
            case "MaxPool":
                WindowGeometry g = WindowGeometry.ForPooling(node, [1, .. input]);
                bool plain = g.Kernel is [2, 2] && g.Strides is [2, 2] && g.Dilations is [1, 1] && g.PadsBegin is [0, 0] && g.PadsEnd is [0, 0]
                    && g.Output[0] == input[1] / 2 && g.Output[1] == input[2] / 2;
                return plain ? FusedPooling.Max2x2 : FusedPooling.None;
            default:
                return FusedPooling.None;
        }
    }

    // Layout

    /// <summary>Border that the images of a value need: what the widest of its readers reaches beyond the image.</summary>
    private void FindBorders(IEnumerable<Group> groups)
    {
        Group[] convolutions = [.. groups.Distinct().Where(group => group.Main is { OperatorType: "Conv", Domain: "" })];
        foreach (Group group in convolutions)
        {
            WindowGeometry g = GeometryOf(group.Main);
            Need(group.Main.Inputs[0], Math.Max(g.PadsBegin.Max(), g.PadsEnd.Max()));
        }
        // A residual is laid out like the result that it is added to.
        bool changed = true;
        while (changed)
        {
            changed = false;
            foreach (Group group in convolutions)
            {
                if (group.Residual is null) continue;
                int border = Math.Max(BorderOf(group.Residual), BorderOf(group.Last.Outputs[0]));
                changed |= Need(group.Residual, border) | Need(group.Last.Outputs[0], border);
            }
            // Values and their levels in the same layout are converted in one go.
            foreach (Node node in _nodes.Where(QuantizationRewrites.IsFakeQuantize)) changed |= Need(node.Inputs[0], BorderOf(node.Outputs[0]));
        }
    }

    private bool Need(string value, int border)
    {
        if (BorderOf(value) >= border) return false;
        _borders[value] = border;
        return true;
    }

    private int BorderOf(string value) => _borders.GetValueOrDefault(WithoutLevels(value));

    private WindowGeometry GeometryOf(Node conv) =>
        WindowGeometry.ForConvolution(conv, [1, .. _shapes[conv.Inputs[0]]!], _graph.Constants[conv.Inputs[1]].Shape);

    private Slot NewPixels(string value, int[] shape) =>
        Define(value, shape).Pixels = ImageSlot(value, shape, BorderOf(value));

    private static Slot ImageSlot(string value, int[] shape, int border)
    {
        var image = new ImageShape(shape[1], shape[2], shape[0], border);
        if (!image.IsAddressable) throw new OnnxException($"The value '{WithoutLevels(value)}' takes more than {int.MaxValue} numbers per image of {Shapes.Text(shape)} with a border of {border}.");
        return new Slot((int)Tensor.ElementCount(shape), image);
    }

    private Slot NewRows(string value, int[] shape) => Define(value, shape).Rows = new Slot((int)Tensor.ElementCount(shape));

    private Value Define(string value, int[] shape) => _values[value] = new Value { Shape = shape };

    private Slot Rows(string name)
    {
        Value value = ValueOf(name);
        if (value.Rows is null)
        {
            Slot pixels = value.Pixels!;
            value.Rows = new Slot(value.Elements);
            _steps.Add(new ExportStep(pixels, value.Rows));
        }
        return value.Rows;
    }

    /// <summary>The value as images with at least the border that its readers need.</summary>
    private Slot Pixels(string name)
    {
        Value value = ValueOf(name);
        int border = BorderOf(name);
        if (value.Pixels is { } pixels && pixels.Image!.Value.Border >= border && Matches(pixels.Image.Value, value.Shape)) return pixels;
        if (value is { Pixels: null, Rows.Scope: SlotScope.External } && border == 0 && value.Shape[0] == 1)
        {
            // A single channel without a border is laid out the same either way.
            value.Pixels = new Slot(value.Elements, new ImageShape(value.Shape[1], value.Shape[2], 1, 0)) { Scope = SlotScope.External, Offset = value.Rows.Offset };
            return value.Pixels;
        }
        Slot rows = Rows(name);
        value.Pixels = ImageSlot(name, value.Shape, border);
        _steps.Add(new ImportStep(rows, value.Pixels));
        return value.Pixels;
    }

    private static bool Matches(ImageShape image, int[] shape) =>
        shape.Length == 3 && image.Channels == shape[0] && image.Height == shape[1] && image.Width == shape[2];

    /// <summary>Whether a value is better kept as images: it is so already, or a reader wants it so.</summary>
    private bool PrefersPixels(string input, string output)
    {
        if (_shapes[output] is not { Length: 3 }) return false;
        if (ValueOf(input).Pixels is { } pixels && pixels.Scope != SlotScope.External) return true;
        return WantsPixels(output, 4);
    }

    private bool WantsPixels(string value, int depth)
    {
        foreach (Node reader in _graph.Consumers(value))
        {
            if (!_members.Contains(reader)) continue;
            if (reader.OperatorType is "Conv" or "MaxPool" or "AveragePool" or "GlobalAveragePool" or "GlobalMaxPool") return true;
            bool elementwise = reader.Domain.Length > 0 || reader.OperatorType is "Add" or "Mul" or "Sub" or "Div" || NodeActivation.TryRead(_graph, reader, out _);
            if (elementwise && depth > 0 && WantsPixels(reader.Outputs[0], depth - 1)) return true;
        }
        return false;
    }

    // Emitting

    private void Emit(Group group)
    {
        Node node = group.Main;
        string x = node.Inputs[0], y = group.Last.Outputs[0];
        int[] shape = _shapes[y]!;
        if (EmitQuantized(group, x, y, shape)) return;
        if (node is { Domain: RewriteGraph.InternalDomain, OperatorType: RewriteGraph.Affine })
        {
            EmitAffine(node, x, y, shape);
            return;
        }
        switch (node.OperatorType)
        {
            case "Conv" when node.Domain.Length == 0:
                EmitConvolution(group, x, y, shape);
                break;
            case "Gemm" or "MatMul":
                EmitDense(group, x, y, shape);
                break;
            case "MaxPool" or "AveragePool" or "GlobalAveragePool" or "GlobalMaxPool":
                EmitPooling(node, x, y, shape);
                break;
            case "Add" or "Sub" or "Mul" or "Div" or "Max" or "Min":
                EmitArithmetic(group, y, shape);
                break;
            case "Flatten" or "Reshape" or "Squeeze" or "Unsqueeze":
                // Reinterprets the same row-major elements.
                if (OnlyLevels(x)) (x, y) = (Levels(x), Levels(y));
                Define(y, shape);
                Value from = ValueOf(x);
                if (from.Rows is { } same) _values[y].Rows = same;
                else if (from.Pixels!.Image!.Value is { Height: 1, Width: 1, Border: 0 } point && point.PixelStride == point.Channels)
                    from.Rows = _values[y].Rows = from.Pixels;
                else _values[y].Pixels = from.Pixels;
                break;
            case "Transpose":
                EmitTranspose(node, x, y, shape);
                break;
            case "Concat":
                EmitConcat(node, y, shape);
                break;
            case "Softmax" or "LogSoftmax":
                EmitSoftmax(node, x, y, shape);
                break;
            case "ReduceMean":
                EmitMean(node, x, y, shape);
                break;
            case "Pad":
                EmitPad(node, x, y, shape);
                break;
            default:
                if (!NodeActivation.TryRead(_graph, node, out Activation activation)) throw new InvalidOperationException($"{node} has no step.");
                if (PrefersPixels(x, y)) _steps.Add(new ActivationStep(activation, Pixels(x), NewPixels(y, shape)));
                else _steps.Add(new ActivationStep(activation, Rows(x), NewRows(y, shape)));
                break;
        }
    }

    private void EmitConvolution(Group group, string x, string y, int[] shape)
    {
        Node node = group.Main;
        WindowGeometry g = GeometryOf(node);
        Slot input = Pixels(x);
        Slot? residual = group.Residual is null ? null : Pixels(group.Residual);
        Tensor weights = _graph.Constants[node.Inputs[1]];
        ReadOnlySpan<float> bias = node.Inputs.Count > 2 && node.Inputs[2].Length > 0 ? _graph.Constants[node.Inputs[2]].Span<float>() : new float[weights.Shape[0]];
        var convolution = new ConvolutionShape(input.Image!.Value, weights.Shape[0], g.Kernel[0], g.Kernel[1], g.Strides[0], g.Strides[1],
            g.PadsBegin[0], g.PadsBegin[1], g.PadsEnd[0], g.PadsEnd[1], g.Dilations[0], g.Dilations[1], g.Groups);
        var epilogue = new Epilogue(group.Activation, group.Pooling, residual is not null, residual?.Image!.Value.Border);
        Slot output;
        if (group.Pooling == FusedPooling.GlobalAverage)
        {
            // One pixel per image, whatever rank the graph gives it.
            Define(y, shape);
            output = ImageSlot(y, [weights.Shape[0], 1, 1], 0);
            if (shape.Length == 3) _values[y].Pixels = output;
            else if (output.Image!.Value.PixelStride == weights.Shape[0]) _values[y].Rows = output;
            else _values[y].Pixels = output;
        }
        else
        {
            output = NewPixels(y, shape);
        }
        ConvolutionAlgorithm algorithm = _kernels.Choose(convolution, epilogue, output.Image!.Value, KernelChoice.TypicalImages);
        ConvolutionAlgorithm algorithmAlone = _kernels.Choose(convolution, epilogue, output.Image!.Value, 1);
        Convolution kernel = Convolution.Create(convolution, epilogue, output.Image!.Value, algorithm, weights.Span<float>(), bias);
        Convolution? alone = algorithmAlone == algorithm ? null
            : Convolution.Create(convolution, epilogue, output.Image!.Value, algorithmAlone, weights.Span<float>(), bias);
        _steps.Add(new ConvolutionStep(kernel, alone, convolution, epilogue, algorithm, input, output, residual));
    }

    private void EmitDense(Group group, string x, string y, int[] shape)
    {
        Node node = group.Main;
        Tensor weights = _graph.Constants[node.Inputs[1]];
        bool gemm = node.OperatorType == "Gemm";
        bool transposed = gemm && node.Int("transB", 0) != 0;
        int depth = weights.Shape[transposed ? 1 : 0], columns = weights.Shape[transposed ? 0 : 1];
        float alpha = gemm ? node.Float("alpha", 1) : 1, beta = gemm ? node.Float("beta", 1) : 1;
        ReadOnlySpan<float> source = weights.Span<float>();
        float[] bias = [];
        if (gemm && node.Inputs.Count > 2 && node.Inputs[2].Length > 0)
        {
            ReadOnlySpan<float> given = _graph.Constants[node.Inputs[2]].Span<float>();
            bias = new float[columns];
            for (int i = 0; i < columns; i++) bias[i] = beta * given[given.Length == 1 ? 0 : i];
        }
        int rows = (int)(Tensor.ElementCount(_shapes[x]!) / depth);
        bool integers = group.Quantized is not null;
        Value value = integers ? LevelsOf(x) : ValueOf(x);
        Slot input;
        int[]? positions = null;
        if (value.Rows is null && rows == 1)
        {
            // Images go in as they are: the rows of the weights are put where the elements lie, and those of borders and padding are zero.
            input = value.Pixels!;
            positions = PixelPositions(input.Image!.Value);
        }
        else
        {
            input = Rows(integers ? Levels(x) : x);
        }
        int packedDepth = positions is null ? depth : input.ImageStride;
        if (integers)
        {
            EmitQuantizedDense(group, transposed, depth, columns, positions, packedDepth, input, y, shape);
            return;
        }
        var packed = new float[checked(packedDepth * columns)];
        for (int k = 0; k < depth; k++)
        {
            int row = positions is null ? k : positions[k];
            for (int c = 0; c < columns; c++) packed[row * columns + c] = alpha * (transposed ? source[c * depth + k] : source[k * columns + c]);
        }
        _steps.Add(new DenseStep(packed, packedDepth, columns, bias, group.Activation, rows, input, NewRows(y, shape)));
    }

    /// <summary>Where each row-major element of an image lies in its memory.</summary>
    private static int[] PixelPositions(ImageShape image)
    {
        var positions = new int[image.Channels * image.Height * image.Width];
        int next = 0;
        for (int c = 0; c < image.Channels; c++)
            for (int y = 0; y < image.Height; y++)
                for (int x = 0; x < image.Width; x++) positions[next++] = image.Origin + y * image.RowStride + x * image.PixelStride + c;
        return positions;
    }

    private void EmitPooling(Node node, string x, string y, int[] shape)
    {
        int[] inputShape = _shapes[x]!;
        if (node.OperatorType == "MaxPool" && OnlyLevels(x)) (x, y) = (Levels(x), Levels(y));
        Slot input = Pixels(x), output = NewPixels(y, shape);
        ImageShape from = input.Image!.Value, to = output.Image!.Value;
        if (node.OperatorType is "GlobalAveragePool" or "GlobalMaxPool")
        {
            PoolingKind global = node.OperatorType == "GlobalMaxPool" ? PoolingKind.Maximum : PoolingKind.Average;
            _steps.Add(new PoolingStep(new PoolingShape(global, from, to, from.Height, from.Width, 1, 1, 0, 0, 0, 0), input, output));
            return;
        }
        WindowGeometry g = WindowGeometry.ForPooling(node, [1, .. inputShape]);
        PoolingKind kind = node.OperatorType == "MaxPool" ? PoolingKind.Maximum
            : node.Int("count_include_pad", 0) != 0 ? PoolingKind.AverageWithPadding : PoolingKind.Average;
        _steps.Add(new PoolingStep(new PoolingShape(kind, from, to, g.Kernel[0], g.Kernel[1], g.Strides[0], g.Strides[1],
            g.PadsBegin[0], g.PadsBegin[1], g.PadsEnd[0], g.PadsEnd[1], g.Dilations[0], g.Dilations[1]), input, output));
    }

    private void EmitAffine(Node node, string x, string y, int[] shape)
    {
        float[] scale = _graph.Constants[node.Inputs[1]].Span<float>().ToArray(), shift = _graph.Constants[node.Inputs[2]].Span<float>().ToArray();
        bool pixels = PrefersPixels(x, y);
        // One channel that comes in row-major can be scaled and laid out in one step.
        bool import = pixels && ValueOf(x).Pixels is null && shape[0] == 1;
        Slot input = pixels && !import ? Pixels(x) : Rows(x), output = pixels ? NewPixels(y, shape) : NewRows(y, shape);
        LoopNest nest;
        if (import)
        {
            nest = new LoopNest([shape[1], shape[2]], [shape[2], 1], [0, 0], [0, 0], [output.Image!.Value.RowStride, 1]);
        }
        else if (pixels)
        {
            ImageShape from = input.Image!.Value, to = output.Image!.Value;
            int padded = to.PixelStride;
            scale = Stretch(scale, padded);
            shift = Stretch(shift, padded);
            nint step = scale.Length == 1 ? 0 : 1;
            nest = new LoopNest([from.Height, from.Width, padded], [from.RowStride, from.PixelStride, 1], [0, 0, step], [0, 0, step], [to.RowStride, to.PixelStride, 1]);
        }
        else
        {
            int channels = shape[0], inner = (int)(Tensor.ElementCount(shape) / channels);
            nint step = scale.Length == 1 ? 0 : 1;
            nest = new LoopNest([channels, inner], [inner, 1], [step, 0], [step, 0], [inner, 1]);
        }
        _steps.Add(new AffineStep(input, output, Aligned(scale), Aligned(shift), nest));
    }

    private static float[] Stretch(float[] values, int length)
    {
        if (values.Length == 1) return values;
        Array.Resize(ref values, length);
        return values;
    }

    private static AlignedBuffer<float> Aligned(ReadOnlySpan<float> values)
    {
        var buffer = new AlignedBuffer<float>(values.Length);
        values.CopyTo(buffer.Span);
        return buffer;
    }

    private void EmitArithmetic(Group group, string y, int[] shape)
    {
        Node node = group.Main;
        ArithmeticOperation operation = Arithmetic.Operation(node.OperatorType);
        string a = node.Inputs[0], b = node.Inputs[1];
        bool batchedA = _shapes[a] is not null, batchedB = _shapes[b] is not null;
        // Padding channels would be divided by zero.
        bool divides = operation == ArithmeticOperation.Divide && shape.Length == 3 && shape[0] % ImageShape.ChannelBlock != 0;
        if (batchedA && batchedB && shape.Length == 3 && !divides && (PrefersPixels(a, y) || PrefersPixels(b, y)))
        {
            Slot left = Pixels(a), right = Pixels(b), image = NewPixels(y, shape);
            ImageShape to = image.Image!.Value;
            _steps.Add(new ArithmeticStep(operation, left, right, null, image,
                new LoopNest([to.Height, to.Width, to.PixelStride], PixelSteps(left.Image!.Value, to), PixelSteps(right.Image!.Value, to), [to.RowStride, to.PixelStride, 1]), group.Activation));
            return;
        }
        AlignedBuffer<float>? constant = batchedA && batchedB ? null : Aligned(_graph.Constants[batchedA ? b : a].Span<float>());
        Slot? slotA = batchedA ? Rows(a) : null, slotB = batchedB ? Rows(b) : null;
        _steps.Add(new ArithmeticStep(operation, slotA, slotB, constant, NewRows(y, shape),
            new LoopNest(shape, Steps(a), Steps(b), RowSteps(shape, shape)), group.Activation));

        nint[] Steps(string operand)
        {
            int[] own = _shapes[operand] ?? _graph.Constants[operand].Shape.ToArray();
            return RowSteps(own.Length > shape.Length ? own[^shape.Length..] : own, shape);
        }
    }

    private static nint[] RowSteps(int[] own, int[] result) => Array.ConvertAll(Broadcasting.Strides(own, result), step => (nint)step);

    /// <summary>Steps over rows, columns and channels; 0 where the operand has only one.</summary>
    private static nint[] PixelSteps(ImageShape own, ImageShape result) =>
    [
        own.Height == 1 && result.Height > 1 ? 0 : own.RowStride,
        own.Width == 1 && result.Width > 1 ? 0 : own.PixelStride,
        own.Channels == 1 && result.Channels > 1 ? 0 : 1,
    ];

    private void EmitTranspose(Node node, string x, string y, int[] shape)
    {
        long[] perm = node.Ints("perm")!;
        nint[] from = RowSteps(_shapes[x]!, _shapes[x]!);
        // A dimension of 1 has step 0 here, which is as good as any.
        nint[] steps = [.. perm.Skip(1).Select(axis => from[axis - 1])];
        _steps.Add(new CopyStep(Rows(x), NewRows(y, shape), new LoopNest(shape, steps, RowSteps(shape, shape)), 0, 0));
    }

    private void EmitConcat(Node node, string y, int[] shape)
    {
        int axis = Axes.Normalize(node, node.Int("axis", 1), shape.Length + 1) - 1;
        bool pixels = shape.Length == 3 && node.Inputs.Any(input => ValueOf(input).Pixels is not null);
        int at = 0;
        Slot output = pixels ? NewPixels(y, shape) : NewRows(y, shape);
        foreach (string name in node.Inputs)
        {
            int[] part = _shapes[name]!;
            if (pixels)
            {
                Slot input = Pixels(name);
                ImageShape from = input.Image!.Value, to = output.Image!.Value;
                int offset = to.Origin + at * (axis switch { 0 => 1, 1 => to.RowStride, _ => to.PixelStride });
                _steps.Add(new CopyStep(input, output, new LoopNest([part[1], part[2], part[0]],
                    [from.RowStride, from.PixelStride, 1], [to.RowStride, to.PixelStride, 1]), from.Origin, offset,
                    at == 0 && to.Channels != to.PixelStride ? 0 : null));
            }
            else
            {
                nint[] steps = RowSteps(shape, shape);
                _steps.Add(new CopyStep(Rows(name), output, new LoopNest(part, RowSteps(part, part), steps), 0, at * (int)steps[axis]));
            }
            at += part[axis];
        }
    }

    private void EmitSoftmax(Node node, string x, string y, int[] shape)
    {
        int axis = Axes.Normalize(node, node.Int("axis", _graph.Opset >= 13 ? -1 : 1), shape.Length + 1);
        int rows = (int)Tensor.ElementCount(shape.AsSpan(0, axis - 1)), columns = (int)Tensor.ElementCount(shape.AsSpan(axis - 1));
        _steps.Add(new SoftmaxStep(node.OperatorType == "LogSoftmax", rows, columns, Rows(x), NewRows(y, shape)));
    }

    private void EmitMean(Node node, string x, string y, int[] shape)
    {
        int[] from = _shapes[x]!;
        int[] axes = BatchAnalysis.MeanAxes(_graph, node, from.Length + 1)!;
        nint[] steps = RowSteps(from, from);
        var kept = Enumerable.Range(0, from.Length).Where(i => !axes.Contains(i + 1)).ToArray();
        var reduced = Enumerable.Range(0, from.Length).Where(i => axes.Contains(i + 1)).ToArray();
        int[] keptSizes = [.. kept.Select(i => from[i])];
        var keptNest = new LoopNest(keptSizes, [.. kept.Select(i => steps[i])], RowSteps(keptSizes, keptSizes));
        int[] reducedSizes = [.. reduced.Select(i => from[i])];
        var reducedNest = new LoopNest(reducedSizes, [.. reduced.Select(i => steps[i])], new nint[reduced.Length]);
        _steps.Add(new MeanStep(Rows(x), NewRows(y, shape), keptNest, reducedNest, (int)Tensor.ElementCount(reducedSizes)));
    }

    private void EmitPad(Node node, string x, string y, int[] shape)
    {
        (int[] begin, _, float value) = BatchAnalysis.Padding(_graph, node, shape.Length + 1)!.Value;
        int[] from = _shapes[x]!;
        nint[] to = RowSteps(shape, shape);
        int offset = 0;
        for (int i = 0; i < shape.Length; i++) offset += begin[i + 1] * (int)(shape[i] == 1 ? 0 : to[i]);
        _steps.Add(new CopyStep(Rows(x), NewRows(y, shape), new LoopNest(from, RowSteps(from, from), to), 0, offset, value));
    }
}
