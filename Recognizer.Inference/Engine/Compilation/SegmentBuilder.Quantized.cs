using Recognizer.Inference.Engine.Execution;
using Recognizer.Inference.Engine.Execution.Steps;
using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Quantized;
using Recognizer.Inference.Engine.Kernels.Simd;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Compilation;

/// <summary>The part that works in 8 bits: which layers have integer sums, and where levels take the place of values.</summary>
internal sealed unsafe partial class SegmentBuilder
{
    // No name of a value in a graph ends like this.
    private const string LevelsSuffix = "\n8-bit levels";

    /// <summary>What a layer in integers is made of.</summary>
    /// <param name="Weights">Levels of the weights, a scale per output.</param>
    /// <param name="Bias">Added to the sums, or empty.</param>
    /// <param name="Scales">From sums to values, one per output.</param>
    private sealed record QuantizedLayer(Tensor Weights, int[] Bias, float[] Scales)
    {
        /// <summary>What follows the sums of a convolution.</summary>
        public QuantizedEpilogue Epilogue { get; init; }
    }

    /// <summary>The name under which the levels of a value are kept.</summary>
    private static string Levels(string value) => value.EndsWith(LevelsSuffix, StringComparison.Ordinal) ? value : value + LevelsSuffix;

    private static string WithoutLevels(string value) => value.EndsWith(LevelsSuffix, StringComparison.Ordinal) ? value[..^LevelsSuffix.Length] : value;

    /// <summary>Whether a value has been computed as levels only.</summary>
    private bool OnlyLevels(string value) => !_values.ContainsKey(value) && _values.ContainsKey(Levels(value));

    /// <summary>A value that has been computed, from its levels if need be.</summary>
    private Value ValueOf(string name)
    {
        if (_values.TryGetValue(name, out Value? value)) return value;
        LevelRange range = QuantizationRewrites.Find(_graph, name)!.Value;
        return Converted(_values[Levels(name)], name, new Activation(ActivationKind.Scale, range.Scale));
    }

    /// <summary>The levels of a value that was quantised.</summary>
    private Value LevelsOf(string name)
    {
        if (_values.TryGetValue(Levels(name), out Value? value)) return value;
        LevelRange range = QuantizationRewrites.Find(_graph, name)!.Value;
        return Converted(_values[name], Levels(name), new Activation(ActivationKind.Quantize, range.Scale, range.Low));
    }

    private Slot LevelPixels(string name)
    {
        LevelsOf(name);
        return Pixels(Levels(name));
    }

    private Value Converted(Value from, string name, Activation activation)
    {
        Slot source = from.Rows ?? from.Pixels!, destination = new(source.Elements, from.Rows is null ? source.Image : null);
        _steps.Add(new ActivationStep(activation, source, destination));
        Value value = Define(name, from.Shape);
        if (from.Rows is null) value.Pixels = destination;
        else value.Rows = destination;
        return value;
    }

    // Fusing

    /// <summary>Gathers what an integer layer takes over; false for all other nodes.</summary>
    private bool FuseQuantized(Group group, Dictionary<Node, Group> groups)
    {
        Node node = group.Main;
        if (node is { OperatorType: "GlobalAveragePool", Domain: "" } && _shapes[node.Inputs[0]] is { Length: 3 } && QuantizationRewrites.Find(_graph, node.Inputs[0]) is not null
            && Next(node) is { } after && QuantizationRewrites.IsFakeQuantize(after))
        {
            Take(after);
            group.Levels = QuantizationRewrites.Range(after);
            return true;
        }
        bool convolution = node.OperatorType == "Conv";
        if (node.Domain.Length > 0 || !(convolution || node.OperatorType is "Gemm" or "MatMul")) return false;
        if (ReadLayer(node, convolution) is not { } layer) return false;

        var taken = new List<Node>();
        Node last = node;
        int floor = int.MinValue;
        if (Following(last) is { OperatorType: "Relu", Domain: "" } relu)
        {
            Append(relu);
            floor = 0;
        }
        bool pooled = convolution && Following(last) is { } early && PoolingOf(early) == FusedPooling.Max2x2 && Append(early);
        if (Following(last) is not { } quantize || !QuantizationRewrites.IsFakeQuantize(quantize))
        {
            // The last dense layer gives values. Convolutions that do are left to floats.
            if (convolution) return false;
            if (floor == 0) group.Activation = new Activation(ActivationKind.Relu);
            foreach (Node each in taken) Take(each);
            group.Quantized = layer;
            return true;
        }
        Append(quantize);
        LevelRange levels = QuantizationRewrites.Range(quantize), result = levels;
        LevelSum? sum = null;
        if (convolution && !pooled)
        {
            sum = ReadSum(last, levels);
            if (sum is { } added) result = added.Result;
            pooled = Following(last) is { } late && PoolingOf(late) == FusedPooling.Max2x2 && Append(late);
        }
        foreach (Node each in taken) Take(each);
        group.Levels = result;
        group.Pooling = pooled ? FusedPooling.Max2x2 : FusedPooling.None;
        group.Quantized = layer with
        {
            Scales = Array.ConvertAll(layer.Scales, scale => scale / levels.Scale),
            Epilogue = new QuantizedEpilogue(levels, Math.Max(floor, levels.Low), sum, pooled),
        };
        return true;

        // A sum with another quantised value, with Relu or without, in 8 bits again.
        LevelSum? ReadSum(Node own, LevelRange ownLevels)
        {
            string value = own.Outputs[0];
            if (Following(own) is not { OperatorType: "Add", Domain: "" } add) return null;
            bool isLeft = add.Inputs[0] == value;
            string other = add.Inputs[isLeft ? 1 : 0];
            if (other == value || _shapes[other] is not { } shape || !shape.AsSpan().SequenceEqual(_shapes[value]) || QuantizationRewrites.Find(_graph, other) is not { } otherLevels) return null;
            Node? relu = Following(add) is { OperatorType: "Relu", Domain: "" } found ? found : null;
            if (Following(relu ?? add) is not { } quantize || !QuantizationRewrites.IsFakeQuantize(quantize)) return null;
            Append(add);
            if (relu is not null) Append(relu);
            Append(quantize);
            group.Residual = other;
            LevelRange range = QuantizationRewrites.Range(quantize);
            return new LevelSum(isLeft ? ownLevels : otherLevels, isLeft ? otherLevels : ownLevels, range, isLeft, relu is null ? range.Low : Math.Max(0, range.Low));
        }

        Node? Following(Node of) => _outputs.Contains(of.Outputs[0]) ? null
            : _graph.OnlyConsumer(of.Outputs[0]) is { } next && _members.Contains(next) && !groups.ContainsKey(next) ? next : null;

        Node? Next(Node of) => Following(of);

        bool Append(Node next)
        {
            taken.Add(next);
            last = next;
            return true;
        }

        void Take(Node next)
        {
            groups[next] = group;
            group.Last = next;
        }
    }

    /// <summary>Weights and bias of a layer that reads 8 bits and has its weights in 8 bits; null where a part of it hasn't.</summary>
    private QuantizedLayer? ReadLayer(Node node, bool convolution)
    {
        if (QuantizationRewrites.Find(_graph, node.Inputs[0]) is not { } input || !_graph.Quantized.TryGetValue(node.Inputs[1], out QuantizedConstant? weights)
            || weights.Levels.ElementType != ElementType.Int8) return null;
        bool gemm = node.OperatorType == "Gemm";
        if (gemm && (node.Float("alpha", 1) != 1 || node.Float("beta", 1) != 1)) return null;
        int axis = convolution || (gemm && node.Int("transB", 0) != 0) ? 0 : 1;
        if (weights.Levels.Rank != (convolution ? 4 : 2) || weights.ScalesAlong(axis) is not { } scales) return null;
        int[] bias = [];
        if (node.Inputs.Count > 2 && node.Inputs[2].Length > 0)
        {
            if (!_graph.Quantized.TryGetValue(node.Inputs[2], out QuantizedConstant? added) || added.Levels is not { ElementType: ElementType.Int32, Rank: 1 } || added.Levels.Length != scales.Length
                || added.ScalesAlong(0) is not { } biasScales) return null;
            // Only a bias in the scale of the products can be added to them.
            for (int i = 0; i < scales.Length; i++)
                if (biasScales[i] != input.Scale * scales[i]) return null;
            bias = added.Levels.Span<int>().ToArray();
        }
        var layer = new QuantizedLayer(weights.Levels, bias, Array.ConvertAll(scales, scale => input.Scale * scale));
        if (convolution) return QuantizedConvolution.Supports(ShapeOf(node, ImageOf(node.Inputs[0])), weights.Levels.Span<sbyte>(), bias) ? layer : null;
        return Tensor.ElementCount(_shapes[node.Inputs[0]]!) == weights.Levels.Shape[1 - axis]
            && QuantizedMatrix.Supports(weights.Levels.Span<sbyte>(), bias, scales.Length, transposed: axis == 0) ? layer : null;
    }

    private ImageShape ImageOf(string value) => _shapes[value] is var shape ? new ImageShape(shape![1], shape[2], shape[0], BorderOf(value)) : default;

    private ConvolutionShape ShapeOf(Node node, ImageShape input)
    {
        WindowGeometry g = GeometryOf(node);
        return new ConvolutionShape(input, _graph.Constants[node.Inputs[1]].Shape[0], g.Kernel[0], g.Kernel[1], g.Strides[0], g.Strides[1],
            g.PadsBegin[0], g.PadsBegin[1], g.PadsEnd[0], g.PadsEnd[1], g.Dilations[0], g.Dilations[1], g.Groups);
    }

    // Emitting

    private bool EmitQuantized(Group group, string x, string y, int[] shape)
    {
        if (QuantizationRewrites.IsFakeQuantize(group.Main))
        {
            LevelRange range = QuantizationRewrites.Range(group.Main);
            var quantize = new Activation(ActivationKind.Quantize, range.Scale, range.Low);
            if (PrefersPixels(x, y)) _steps.Add(new ActivationStep(quantize, Pixels(x), NewPixels(Levels(y), shape)));
            else _steps.Add(new ActivationStep(quantize, Rows(x), NewRows(Levels(y), shape)));
            return true;
        }
        if (group.Levels is null) return false;
        if (group.Main.OperatorType == "GlobalAveragePool")
        {
            EmitLevelMean(group, x, y, shape);
            return true;
        }
        if (group.Main.OperatorType != "Conv") return false;
        QuantizedLayer layer = group.Quantized!;
        Slot input = LevelPixels(x);
        Slot? residual = group.Residual is null ? null : LevelPixels(group.Residual);
        Slot output = NewPixels(Levels(y), shape);
        QuantizedEpilogue epilogue = layer.Epilogue with { ResidualBorder = residual?.Image!.Value.Border };
        ConvolutionShape convolution = ShapeOf(group.Main, input.Image!.Value);
        int low = QuantizationRewrites.Find(_graph, x)!.Value.Low;
        ReadOnlySpan<sbyte> weights = layer.Weights.Span<sbyte>();
        QuantizedAlgorithm algorithm = _kernels.Choose(convolution, epilogue, output.Image!.Value, low, weights, layer.Bias);
        QuantizedConvolution kernel = QuantizedConvolution.Create(convolution, epilogue, output.Image!.Value, low, weights, layer.Bias, layer.Scales, algorithm, InstructionSet.Current);
        _steps.Add(new QuantizedConvolutionStep(kernel, epilogue, input, output, residual));
        return true;
    }

    // Sums of levels are exact; one multiplication makes levels of the mean of them.
    private void EmitLevelMean(Group group, string x, string y, int[] shape)
    {
        LevelRange from = QuantizationRewrites.Find(_graph, x)!.Value, to = group.Levels!.Value;
        Slot input = LevelPixels(x), output = NewPixels(Levels(y), shape);
        ImageShape image = input.Image!.Value, pixel = output.Image!.Value;
        _steps.Add(new PoolingStep(new PoolingShape(PoolingKind.Sum, image, pixel, image.Height, image.Width, 1, 1, 0, 0, 0, 0), input, output));
        _steps.Add(new ActivationStep(new Activation(ActivationKind.Requantize, from.Scale / (to.Scale * (image.Height * image.Width)), to.Low), output, output));
    }

    private void EmitQuantizedDense(Group group, bool transposed, int depth, int columns, int[]? positions, int packedDepth, Slot input, string y, int[] shape)
    {
        QuantizedLayer layer = group.Quantized!;
        ReadOnlySpan<sbyte> source = layer.Weights.Span<sbyte>();
        var packed = new sbyte[checked(packedDepth * columns)];
        for (int k = 0; k < depth; k++)
        {
            int row = positions is null ? k : positions[k];
            for (int c = 0; c < columns; c++) packed[row * columns + c] = transposed ? source[c * depth + k] : source[k * columns + c];
        }
        int low = QuantizationRewrites.Find(_graph, group.Main.Inputs[0])!.Value.Low;
        QuantizedEpilogue? epilogue = group.Levels is null ? null : layer.Epilogue;
        var matrix = new QuantizedMatrix(packedDepth, columns, packed, layer.Scales, layer.Bias, low, epilogue);
        _steps.Add(new QuantizedDenseStep(matrix, group.Activation, input, NewRows(group.Levels is null ? y : Levels(y), shape)));
    }
}
