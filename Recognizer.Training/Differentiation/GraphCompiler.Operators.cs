using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Operators;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Differentiation.Gradients;

namespace Recognizer.Training.Differentiation;

// One method per kind of operator.
internal sealed partial class GraphCompiler
{
    /// <summary>What adds the steps of each operator that training knows.</summary>
    private static readonly SortedDictionary<string, Action<GraphCompiler, Node>> Adders = new(StringComparer.Ordinal)
    {
        ["Conv"] = (compiler, node) => compiler.AddConvolution(node),
        ["Gemm"] = (compiler, node) => compiler.AddGemm(node),
        ["MatMul"] = (compiler, node) => compiler.AddMatMul(node),
        ["BatchNormalization"] = (compiler, node) => compiler.AddBatchNorm(node),
        ["MaxPool"] = (compiler, node) => compiler.AddPool(node, isMax: true),
        ["AveragePool"] = (compiler, node) => compiler.AddPool(node, isMax: false),
        ["GlobalAveragePool"] = (compiler, node) => compiler.AddReduce(node, [.. Enumerable.Range(2, compiler.ValueOf(node).Shape.Length - 1)], keepAxes: true, mean: true),
        ["GlobalMaxPool"] = (compiler, node) => compiler.AddGlobalMaxPool(node),
        ["ReduceMean"] = (compiler, node) => compiler.AddReduce(node, compiler.ReducedAxes(node), node.Int("keepdims", 1) != 0, mean: true),
        ["ReduceSum"] = (compiler, node) => compiler.AddReduce(node, compiler.ReducedAxes(node), node.Int("keepdims", 1) != 0, mean: false),
        ["Add"] = Binary,
        ["Sum"] = Binary,
        ["Sub"] = Binary,
        ["Mul"] = Binary,
        ["Div"] = Binary,
        ["Max"] = Binary,
        ["Min"] = Binary,
        ["Dropout"] = (compiler, node) => compiler.AddDropout(node),
        ["Concat"] = (compiler, node) => compiler.AddConcat(node),
        ["Softmax"] = (compiler, node) => compiler.AddSoftmax(node, logarithm: false),
        ["LogSoftmax"] = (compiler, node) => compiler.AddSoftmax(node, logarithm: true),
        ["Identity"] = Alias,
        ["Cast"] = Cast,
        ["Flatten"] = Movement,
        ["Reshape"] = Movement,
        ["Squeeze"] = Movement,
        ["Unsqueeze"] = Movement,
        ["Transpose"] = Movement,
        ["Pad"] = Movement,
        ["Slice"] = Movement,
        ["Expand"] = Movement,
        ["DepthToSpace"] = Movement,
        ["SpaceToDepth"] = Movement,
        ["Gather"] = Movement,
        ["Relu"] = Elementwise(_ => default(ReluFunction)),
        ["LeakyRelu"] = Elementwise(node => new LeakyReluFunction(node.Float("alpha", 0.01f))),
        ["PRelu"] = (compiler, node) => compiler.AddParametricRelu(node),
        ["Sigmoid"] = Elementwise(_ => default(SigmoidFunction)),
        ["Tanh"] = Elementwise(_ => default(TanhFunction)),
        ["Clip"] = (compiler, node) => compiler.AddClip(node),
        ["HardSigmoid"] = Elementwise(node => new HardSigmoidFunction(node.Float("alpha", 0.2f), node.Float("beta", 0.5f))),
        ["HardSwish"] = Elementwise(_ => default(HardSwishFunction)),
        ["Gelu"] = Elementwise(node => node.String("approximate", "none") == "none" ? default(GeluFunction) : throw NoGradient(node)),
        ["Erf"] = Elementwise(_ => default(ErfFunction)),
        ["Exp"] = Elementwise(_ => default(ExpFunction)),
        ["Log"] = Elementwise(_ => default(LogFunction)),
        ["Sqrt"] = Elementwise(_ => default(SqrtFunction)),
        ["Abs"] = Elementwise(_ => default(AbsFunction)),
        ["Neg"] = (compiler, node) => compiler.ApplyAffine(node, compiler.ValueOf(node), new AffineFunction(-1, 0)),
        ["Reciprocal"] = Elementwise(_ => new ReciprocalFunction(1)),
        ["Elu"] = Elementwise(node => new EluFunction(node.Float("alpha", 1), 1)),
        ["Selu"] = Elementwise(node => new EluFunction(node.Float("alpha", 1.6732632423543772f), node.Float("gamma", 1.0507009873554805f))),
        ["Softplus"] = Elementwise(_ => default(SoftplusFunction)),
        ["Softsign"] = Elementwise(_ => default(SoftsignFunction)),
        ["Pow"] = (compiler, node) => compiler.AddPower(node),
    };

    /// <summary>Names of the operators that training knows where what they compute depends on the images, sorted.</summary>
    public static IReadOnlyCollection<string> Operators => Adders.Keys;

    private void AddStep(Node node)
    {
        if (!Adders.TryGetValue(node.OperatorType, out Action<GraphCompiler, Node>? add)) throw NoGradient(node);
        add(this, node);
    }

    private static OnnxException NoGradient(Node node) => new($"{node}: training has no gradient for this operator.");

    private static void Alias(GraphCompiler compiler, Node node) => compiler._values[node.Outputs[0]] = compiler.ValueOf(node);

    /// <summary>Between floating types only: whole numbers and truth values are steps, which have no slope.</summary>
    private static void Cast(GraphCompiler compiler, Node node)
    {
        if (CastTarget.Of(node) is not (ElementType.Float or ElementType.Double or ElementType.Float16)) throw NoGradient(node);
        Alias(compiler, node);
    }

    private static void Movement(GraphCompiler compiler, Node node) => compiler.AddMovement(node);

    private static void Binary(GraphCompiler compiler, Node node)
    {
        if (node.Inputs.Count != 2) throw NoGradient(node);
        compiler.AddBinary(node, node.OperatorType == "Sum" ? ArithmeticOperation.Add : Arithmetic.Operation(node.OperatorType));
    }

    private static Action<GraphCompiler, Node> Elementwise<TFunction>(Func<Node, TFunction> function) where TFunction : struct, IElementwise =>
        (compiler, node) => compiler.Apply(node, compiler.ValueOf(node), function(node));

    private void AddConvolution(Node node)
    {
        Value input = AsImage(node, ValueOf(node));
        Weight weight = WeightOf(node, 1, decayed: true);
        Weight? bias = HasInput(node, 2) ? WeightOf(node, 2, decayed: false) : null;
        WindowGeometry window = WindowGeometry.ForConvolution(node, [_foldedBatch, .. input.Shape], weight.Shape);
        var shape = new ConvolutionShape(input.Image, weight.Shape[0], window.Kernel[0], window.Kernel[1], window.Strides[0], window.Strides[1],
            window.PadsBegin[0], window.PadsBegin[1], window.PadsEnd[0], window.PadsEnd[1], window.Dilations[0], window.Dilations[1], window.Groups);
        Node last = node;
        bool relu = FuseRelu(ref last);
        bool trained = weight.IsTrainable || bias is { IsTrainable: true };
        var output = new Value(last.Outputs[0], [weight.Shape[0], window.Output[0], window.Output[1]], ValueLayout.Image, input.NeedsGradient || trained);
        // 2×2 pooling remembers where ReLU was zero.
        bool pooled = relu && OnlyReader(last.Outputs[0]) is { OperatorType: "MaxPool" } pool && IsPooling2x2(pool, output);
        if (pooled) _rectified.Add(output);
        Result(last, new ConvolutionStep(input, output, weight, bias, shape, relu, maskedByReader: pooled));
    }

    private void AddGemm(Node node)
    {
        if (node.Int("transA", 0) != 0) throw new OnnxException($"{node}: attribute 'transA' is 1; training needs one row per image.");
        if (node.Float("alpha", 1) != 1 || (HasInput(node, 2) && node.Float("beta", 1) != 1))
            throw new OnnxException($"{node}: attributes 'alpha' and 'beta' must be 1 for training.");
        Weight weight = WeightOf(node, 1, decayed: true, out bool transposed);
        Weight? bias = HasInput(node, 2) ? WeightOf(node, 2, decayed: false) : null;
        AddDense(node, node, weight, transposed != (node.Int("transB", 0) != 0), bias);
    }

    private void AddMatMul(Node node)
    {
        Weight weight = WeightOf(node, 1, decayed: true, out bool transposed);
        if (weight.Shape.Length != 2)
            throw new OnnxException($"{node}: the weight '{weight.Name}' has rank {weight.Shape.Length}; training needs 2.");
        int outputs = weight.Shape[transposed ? 0 : 1];
        Node last = node;
        Weight? bias = null;
        // MatMul + Add of a vector is how some exporters write a dense layer.
        if (OnlyReader(node.Outputs[0]) is { OperatorType: "Add" } add)
        {
            int side = add.Inputs[0] == node.Outputs[0] ? 1 : 0;
            if (_constants.TryGetValue(add.Inputs[side], out Tensor? tensor) && tensor.Length == outputs && tensor.Rank >= 1 && tensor.Shape[^1] == outputs)
            {
                bias = WeightOf(add, side, decayed: false);
                _fused.Add(add);
                last = add;
            }
        }
        AddDense(node, last, weight, transposed, bias);
    }

    private void AddDense(Node node, Node last, Weight weight, bool transposed, Weight? bias)
    {
        Value input = AsFlat(ValueOf(node));
        if (weight.Shape.Length != 2) throw new OnnxException($"{node}: the weight '{weight.Name}' has rank {weight.Shape.Length}, expected 2.");
        (int k, int n) = transposed ? (weight.Shape[1], weight.Shape[0]) : (weight.Shape[0], weight.Shape[1]);
        if (input.Shape.Length == 0 || input.Shape[^1] != k)
            throw new OnnxException($"{node}: the input has {(input.Shape.Length == 0 ? 0 : input.Shape[^1])} columns, but the weight '{weight.Name}' expects {k}.");
        if (bias is not null && bias.Length != n)
            throw new OnnxException($"{node}: the bias '{bias.Name}' has {bias.Length} elements, training expects {n}.");
        bool relu = FuseRelu(ref last);
        bool trained = weight.IsTrainable || bias is { IsTrainable: true };
        var output = new Value(last.Outputs[0], [.. input.Shape[..^1], n], ValueLayout.Flat, input.NeedsGradient || trained);
        Result(last, new DenseStep(input, output, weight, bias, transposed, relu));
    }

    private void AddBatchNorm(Node node)
    {
        Value input = ValueOf(node);
        if (input.Shape.Length == 3) input = AsImage(node, input);
        else if (input.Shape.Length == 1) input = AsFlat(input);
        else throw new OnnxException($"{node}: the input has rank {input.Shape.Length + 1}; training supports 4 and 2.");
        if (IsFrozen(node, 3) && IsFrozen(node, 4))
        {
            AddFrozenBatchNorm(node, input);
            return;
        }
        Weight gamma = WeightOf(node, 1, decayed: false), beta = WeightOf(node, 2, decayed: false);
        float[] mean = Statistic(node, 3), variance = Statistic(node, 4);
        if (gamma.Length != input.Shape[0] || beta.Length != gamma.Length || mean.Length != gamma.Length || variance.Length != gamma.Length)
            throw new OnnxException($"{node}: scale, shift, mean and variance must have {input.Shape[0]} elements, one per channel.");

        Node last = node;
        Value? residual = null;
        // The end of a residual block: only where the other branch is done by now and has the same layout.
        if (OnlyReader(node.Outputs[0]) is { OperatorType: "Add" } add && _values.TryGetValue(add.Inputs[add.Inputs[0] == node.Outputs[0] ? 1 : 0], out Value? other)
            && other.Layout == input.Layout && other.Shape.AsSpan().SequenceEqual(input.Shape) && (input.NeedsGradient || !other.NeedsGradient))
        {
            residual = other;
            _fused.Add(add);
            last = add;
        }
        bool relu = FuseRelu(ref last);
        bool pooled = false;
        int[] shape = input.Shape;
        if (relu && residual is null && input.Layout == ValueLayout.Image && OnlyReader(last.Outputs[0]) is { OperatorType: "MaxPool" } pool && IsPooling2x2(pool, input)
            && input.Shape[1] >= 2 && input.Shape[2] >= 2)
        {
            _fused.Add(pool);
            last = pool;
            pooled = true;
            shape = [shape[0], shape[1] / 2, shape[2] / 2];
        }
        bool needsGradient = input.NeedsGradient || residual is { NeedsGradient: true } || gamma.IsTrainable || beta.IsTrainable;
        var output = new Value(last.Outputs[0], shape, input.Layout, needsGradient);
        // Momentum as PyTorch means it: new = (1 − m) · old + m · batch. ONNX stores 1 − m, and 1 − 0.9f isn't 0.1f
        float momentum = MathF.Round(1 - node.Float("momentum", 0.9f), 6);
        Result(last, new BatchNormStep(input, output, gamma, beta, mean, variance, node.Float("epsilon", 1e-5f), momentum, new BatchNormFusion(residual, relu, pooled)));
    }

    private bool IsFrozen(Node node, int input) => !_sources.TryGetValue(node.Inputs[input], out (string Initializer, bool) source) || _options.Frozen.Contains(source.Initializer);

    /// <summary>A layer whose running statistics must stay as they are normalises by them, as in inference: y = x · factor + offset per channel.</summary>
    private void AddFrozenBatchNorm(Node node, Value input)
    {
        if (!IsFrozen(node, 1) || !IsFrozen(node, 2))
            throw new OnnxException($"{node}: its running statistics '{node.Inputs[3]}' and '{node.Inputs[4]}' are frozen, but not its scale '{node.Inputs[1]}' and shift '{node.Inputs[2]}'; expected all four or none.");
        float[] scale = FloatsOf(node, 1), shift = FloatsOf(node, 2), mean = FloatsOf(node, 3), variance = FloatsOf(node, 4);
        int channels = input.Shape[0];
        if (scale.Length != channels || shift.Length != channels || mean.Length != channels || variance.Length != channels)
            throw new OnnxException($"{node}: scale, shift, mean and variance must have {channels} elements, one per channel.");
        float epsilon = node.Float("epsilon", 1e-5f);
        for (int c = 0; c < channels; c++)
        {
            scale[c] /= MathF.Sqrt(variance[c] + epsilon);
            shift[c] -= mean[c] * scale[c];
        }
        int[] shape = [channels, .. Enumerable.Repeat(1, input.Shape.Length - 1)];
        string output = node.Outputs[0];
        Weight factor = Constant($"{output} (factor)", scale), offset = Constant($"{output} (offset)", shift);
        AddGeneralBinary(node, ArithmeticOperation.Multiply, AsFlat(input), null, null, factor);
        AddGeneralBinary(node, ArithmeticOperation.Add, _values[output], null, null, offset);

        Weight Constant(string name, float[] values) => _weights[name] = new Weight(name, Tensor.Create(values, shape), trainable: false, decayed: false);
    }

    /// <summary>Running statistics, kept in a copy that all nodes with the same initializer share.</summary>
    private float[] Statistic(Node node, int input)
    {
        string name = node.Inputs[input];
        if (!_statistics.TryGetValue(name, out float[]? values))
        {
            values = FloatsOf(node, input);
            if (_graph.Initializers.ContainsKey(name)) _statistics[name] = values;
        }
        return values;
    }

    private bool IsPooling2x2(Node pool, Value input)
    {
        WindowGeometry window = WindowGeometry.ForPooling(pool, [_foldedBatch, .. input.Shape]);
        return window.Kernel is [2, 2] && window.Strides is [2, 2] && window.Dilations is [1, 1] && window.PadsBegin is [0, 0] && window.PadsEnd is [0, 0]
            && window.Output[0] == input.Shape[1] / 2 && window.Output[1] == input.Shape[2] / 2;
    }

    private void AddPool(Node node, bool isMax)
    {
        Value input = AsImage(node, ValueOf(node));
        WindowGeometry window = WindowGeometry.ForPooling(node, [_foldedBatch, .. input.Shape]);
        var output = new Value(node.Outputs[0], [input.Shape[0], window.Output[0], window.Output[1]], ValueLayout.Image, input.NeedsGradient);
        if (isMax && IsPooling2x2(node, input)) Result(node, new MaxPool2x2Step(input, output, _rectified.Contains(input)));
        else Result(node, isMax ? new MaxPoolStep(input, output, window) : new AveragePoolStep(input, output, window, node.Int("count_include_pad", 0) != 0));
    }

    private void AddGlobalMaxPool(Node node)
    {
        Value input = AsImage(node, ValueOf(node));
        int[] size = input.Shape[1..];
        var window = new WindowGeometry(size, [1, 1], [1, 1], [0, 0], [0, 0], [1, 1], 1);
        Result(node, new MaxPoolStep(input, new Value(node.Outputs[0], [input.Shape[0], 1, 1], ValueLayout.Image, input.NeedsGradient), window));
    }

    private int[] ReducedAxes(Node node)
    {
        int rank = ValueOf(node).Shape.Length + 1;
        long[]? axes = node.Ints("axes");
        if (axes is null && HasInput(node, 1)) axes = Array.ConvertAll(FloatsOf(node, 1), v => (long)v);
        if (axes is null or []) throw new OnnxException($"{node}: it reduces over all axes, the batch included, which training doesn't support.");
        return Axes.Normalize(node, axes, rank);
    }

    private void AddReduce(Node node, int[] axes, bool keepAxes, bool mean)
    {
        Value input = ValueOf(node);
        if (axes.Contains(0)) throw new OnnxException($"{node}: it reduces over the batch, which training doesn't support.");
        int[] kept = [.. input.Shape.Select((d, i) => axes.Contains(i + 1) ? 1 : d)];
        int[] shape = keepAxes ? kept : [.. input.Shape.Where((_, i) => !axes.Contains(i + 1))];
        if (mean && input.Shape.Length == 3 && axes.Order().SequenceEqual([2, 3]))
        {
            Value image = AsImage(node, input);
            var average = new Value(node.Outputs[0], [image.Shape[0]], ValueLayout.Flat, input.NeedsGradient);
            _values[node.Outputs[0]] = Result(node, new GlobalAverageStep(image, average)).Reshape(node.Outputs[0], shape);
            return;
        }
        input = AsFlat(input);
        int[] strides = Broadcasting.Strides(kept, input.Shape), targets = Positions(input.Shape, strides);
        var output = new Value(node.Outputs[0], shape, ValueLayout.Flat, input.NeedsGradient);
        Result(node, new ReduceStep(input, output, targets, mean ? (float)output.Length / input.Length : 1));
    }

    /// <summary>For each element of a shape the sum of its coordinates times strides.</summary>
    private static int[] Positions(int[] shape, int[] strides)
    {
        var positions = new int[Tensor.ElementCount(shape)];
        var index = new int[shape.Length];
        for (int i = 0; i < positions.Length; i++)
        {
            for (int axis = 0; axis < index.Length; axis++) positions[i] += index[axis] * strides[axis];
            for (int axis = index.Length - 1; axis >= 0 && ++index[axis] == shape[axis]; axis--) index[axis] = 0;
        }
        return positions;
    }

    private void AddBinary(Node node, ArithmeticOperation kind)
    {
        bool leftVaries = _values.TryGetValue(node.Inputs[0], out Value? left), rightVaries = _values.TryGetValue(node.Inputs[1], out Value? right);
        if (leftVaries && rightVaries)
        {
            if (kind == ArithmeticOperation.Add && left!.Shape.AsSpan().SequenceEqual(right!.Shape))
            {
                if (left.Layout != right.Layout) (left, right) = left.Layout == ValueLayout.Image ? (left, AsImage(node, right)) : (AsImage(node, left), right);
                Node last = node;
                bool relu = FuseRelu(ref last);
                Result(last, new AddStep(left, right, new Value(last.Outputs[0], left.Shape, left.Layout, left.NeedsGradient || right.NeedsGradient), relu));
                return;
            }
            AddGeneralBinary(node, kind, AsFlat(left!), null, AsFlat(right!), null);
            return;
        }
        int constant = leftVaries ? 1 : 0;
        Value value = leftVaries ? left! : right!;
        Tensor tensor = _constants[node.Inputs[constant]];
        // Only what is added to a layer's result is a weight; other constants belong to formulas.
        bool isBias = kind == ArithmeticOperation.Add && tensor.Length > 1 && _sources.ContainsKey(node.Inputs[constant]) && value.NeedsGradient && IsLayerResult(node.Inputs[1 - constant]);
        if (tensor.Length == 1 && tensor.Rank <= value.Shape.Length + 1)
        {
            float c = FloatsOf(node, constant)[0];
            if (AffineOf(kind, c, leftVaries) is { } affine) ApplyAffine(node, value, affine);
            else if (kind == ArithmeticOperation.Divide) Apply(node, value, new ReciprocalFunction(c));
            else Apply(node, value, kind == ArithmeticOperation.Maximum ? new ClipFunction(c, float.MaxValue) : new ClipFunction(float.MinValue, c));
            return;
        }
        Weight weight;
        if (isBias) weight = WeightOf(node, constant, decayed: false);
        else
        {
            string name = $"{node.Inputs[constant]} (constant)";
            if (!_weights.TryGetValue(name, out Weight? found))
                _weights[name] = found = new Weight(name, Tensor.Create(FloatsOf(node, constant), tensor.Shape), trainable: false, decayed: false);
            weight = found;
        }
        value = AsFlat(value);
        if (leftVaries) AddGeneralBinary(node, kind, value, null, null, weight);
        else AddGeneralBinary(node, kind, null, weight, value, null);
    }

    /// <summary>An operator with one constant side as a scale and an offset; null where it isn't that.</summary>
    private static AffineFunction? AffineOf(ArithmeticOperation kind, float constant, bool leftVaries) => kind switch
    {
        ArithmeticOperation.Add => new AffineFunction(1, constant),
        ArithmeticOperation.Subtract => leftVaries ? new AffineFunction(1, -constant) : new AffineFunction(-1, constant),
        ArithmeticOperation.Multiply => new AffineFunction(constant, 0),
        ArithmeticOperation.Divide when leftVaries => new AffineFunction(1 / constant, 0),
        _ => null,
    };

    /// <summary>Takes along what scales and shifts the result further, such as the two nodes that normalise the input.</summary>
    private void ApplyAffine(Node node, Value input, AffineFunction affine)
    {
        while (OnlyReader(node.Outputs[0]) is { OperatorType: "Add" or "Sub" or "Mul" or "Div" } next)
        {
            int constant = next.Inputs[0] == node.Outputs[0] ? 1 : 0;
            if (!IsScalar(next.Inputs[constant]) || _constants[next.Inputs[constant]].Rank > input.Shape.Length + 1
                || AffineOf(Arithmetic.Operation(next.OperatorType), FloatsOf(next, constant)[0], constant == 1) is not { } further) break;
            affine = new AffineFunction(affine.Scale * further.Scale, affine.Offset * further.Scale + further.Offset);
            _fused.Add(next);
            node = next;
        }
        Apply(node, input, affine);
    }

    private bool IsLayerResult(string value) => _producers.GetValueOrDefault(value)?.OperatorType is "Conv" or "MatMul" or "Gemm";

    private void AddGeneralBinary(Node node, ArithmeticOperation kind, Value? left, Weight? leftWeight, Value? right, Weight? rightWeight)
    {
        int[] a = left is null ? leftWeight!.Shape : [1, .. left.Shape], b = right is null ? rightWeight!.Shape : [1, .. right.Shape];
        b = [.. b, .. Enumerable.Repeat(1, Broadcasting.LegacyPadding(node, _graph.Opset, a.Length, b.Length))];
        int[] result = Broadcasting.Shape(node, a, b);
        int rank = Math.Max(left is null ? 0 : a.Length, right is null ? 0 : b.Length);
        if (result.Length != rank || result[0] != 1 || (left is not null && right is not null && a.Length != b.Length))
            throw new OnnxException($"{node}: shapes [{string.Join(", ", a)}] and [{string.Join(", ", b)}] (1 being the batch) don't keep one row per image.");
        int[] shape = result[1..];
        bool needsGradient = left is { NeedsGradient: true } || right is { NeedsGradient: true } || leftWeight is { IsTrainable: true } || rightWeight is { IsTrainable: true };
        var output = new Value(node.Outputs[0], shape, ValueLayout.Flat, needsGradient);
        Result(node, new BinaryStep(kind, new Operand(left, leftWeight, Sources(a, result)), new Operand(right, rightWeight, Sources(b, result)), output));

        static int[]? Sources(int[] own, int[] result)
        {
            if (Tensor.ElementCount(own) == Tensor.ElementCount(result)) return null;
            return Positions(result, Broadcasting.Strides(own, result));
        }
    }

    private void AddDropout(Node node)
    {
        Value input = ValueOf(node);
        double ratio = node.Float("ratio", 0.5f);
        if (HasInput(node, 1)) ratio = FloatsOf(node, 1)[0];
        if (ratio is < 0 or >= 1) throw new OnnxException($"{node}: the ratio is {ratio}, expected 0 to below 1.");
        if (ratio == 0)
        {
            _values[node.Outputs[0]] = input;
            return;
        }
        var output = new Value(node.Outputs[0], input.Shape, input.Layout, input.NeedsGradient);
        Result(node, new DropoutStep(input, output, _steps.OfType<DropoutStep>().Count(), (float)ratio, _context));
    }

    private void AddConcat(Node node)
    {
        Value[] inputs = [.. node.Inputs.Select((_, i) => AsFlat(ValueOf(node, i)))];
        int axis = Axes.Normalize(node, node.Int("axis", 1), inputs[0].Shape.Length + 1) - 1;
        if (axis < 0) throw new OnnxException($"{node}: it joins batches, which training doesn't support.");
        int[] shape = [.. inputs[0].Shape];
        foreach (Value input in inputs[1..])
        {
            if (input.Shape.Length != shape.Length || input.Shape.Where((d, i) => i != axis && d != shape[i]).Any())
                throw new OnnxException($"{node}: inputs '{inputs[0].Name}' and '{input.Name}' differ in another axis than {axis + 1}.");
            shape[axis] += input.Shape[axis];
        }
        var output = new Value(node.Outputs[0], shape, ValueLayout.Flat, inputs.Any(i => i.NeedsGradient));
        Result(node, new ConcatStep(inputs, output, (int)Tensor.ElementCount(shape.AsSpan(0, axis))));
    }

    private void AddSoftmax(Node node, bool logarithm)
    {
        Value input = AsFlat(ValueOf(node));
        int axis = Axes.Normalize(node, node.Int("axis", _graph.Opset < 13 ? 1 : -1), input.Shape.Length + 1) - 1;
        if (axis < 0) throw new OnnxException($"{node}: it normalises over the batch, which training doesn't support.");
        // Before operator set 13 the axis and all after it were one.
        int count = _graph.Opset < 13 ? (int)Tensor.ElementCount(input.Shape.AsSpan(axis)) : input.Shape[axis];
        int inner = _graph.Opset < 13 ? 1 : (int)Tensor.ElementCount(input.Shape.AsSpan(axis + 1));
        Result(node, new SoftmaxStep(input, new Value(node.Outputs[0], input.Shape, ValueLayout.Flat, input.NeedsGradient), count, inner, logarithm));
    }

    /// <summary>Operators that only move elements: the reference operator moves their numbers, which says where each element comes from.</summary>
    private void AddMovement(Node node)
    {
        Value input = ValueOf(node);
        int length = input.Length;
        float fill = 0;
        if (node.OperatorType == "Pad")
        {
            fill = node.Float("value", 0);
            if (HasInput(node, 2)) fill = FloatsOf(node, 2)[0];
        }
        // Numbers from 1 upwards; what is padded becomes 0.
        var numbers = new long[checked((long)_foldedBatch * length)];
        for (int i = 0; i < numbers.Length; i++) numbers[i] = i + 1;
        var arguments = new Tensor?[node.Inputs.Count];
        arguments[0] = Tensor.Create(numbers, [_foldedBatch, .. input.Shape]);
        for (int i = 1; i < arguments.Length; i++)
        {
            if (!HasInput(node, i) || (node.OperatorType == "Pad" && i == 2)) continue;
            arguments[i] = _constants.TryGetValue(node.Inputs[i], out Tensor? constant)
                ? constant
                : throw new OnnxException($"{node}: input {i} ('{node.Inputs[i]}') must be a constant.");
        }
        Tensor moved = OperatorRegistry.Find(WithoutFill(node)).Evaluate(WithoutFill(node), _graph.Opset, arguments)[0];
        ReadOnlySpan<long> result = moved.Span<long>();
        int perImage = moved.Length / _foldedBatch;
        bool keepsBatch = moved.Rank >= 1 && moved.Shape[0] == _foldedBatch;
        for (int i = 0; keepsBatch && i < result.Length; i++)
        {
            long expected = result[i % perImage];
            keepsBatch = result[i] == (expected == 0 ? 0 : expected + i / perImage * length) && expected <= length;
        }
        if (!keepsBatch) throw new OnnxException($"{node}: its result doesn't keep one row per image, which training needs.");
        int[] shape = moved.Shape[1..].ToArray();
        int[] sources = new int[perImage];
        bool isIdentity = perImage == length;
        for (int i = 0; i < perImage; i++)
        {
            sources[i] = (int)result[i] - 1;
            isIdentity &= sources[i] == i;
        }
        input = AsFlat(input);
        if (isIdentity) _values[node.Outputs[0]] = input.Reshape(node.Outputs[0], shape);
        else Result(node, new GatherStep(input, new Value(node.Outputs[0], shape, ValueLayout.Flat, input.NeedsGradient), sources, fill));
    }

    private static Node WithoutFill(Node node)
    {
        if (!node.Attributes.ContainsKey("value")) return node;
        Node copy = node.With();
        copy.Attributes.Remove("value");
        return copy;
    }

    private void AddClip(Node node)
    {
        float low = HasInput(node, 1) ? FloatsOf(node, 1)[0] : node.Float("min", float.MinValue);
        float high = HasInput(node, 2) ? FloatsOf(node, 2)[0] : node.Float("max", float.MaxValue);
        Apply(node, ValueOf(node), new ClipFunction(low, high));
    }

    private void AddPower(Node node)
    {
        if (!IsScalar(node.Inputs[1])) throw NoGradient(node);
        Apply(node, ValueOf(node), new PowerFunction(FloatsOf(node, 1)[0]));
    }

    /// <summary>y = max(x, 0) + slope · (x − max(x, 0)).</summary>
    private void AddParametricRelu(Node node)
    {
        string x = node.Inputs[0], y = node.Outputs[0], positive = $"{y}.positive", negative = $"{y}.negative", scaled = $"{y}.scaled";
        // Before operator set 7 slopes were for channels, whatever follows them.
        if (_graph.Opset < 7 && !IsScalar(node.Inputs[1])) throw NoGradient(node);
        AddStep(new Node("Relu", [x], [positive]));
        AddStep(new Node("Sub", [x, positive], [negative]));
        AddGeneralBinary(new Node("Mul", [negative, node.Inputs[1]], [scaled], node.Name), ArithmeticOperation.Multiply, AsFlat(_values[negative]), null, null,
            WeightOf(node, 1, decayed: false));
        AddStep(new Node("Add", [positive, scaled], [y], node.Name));
    }

    private void Apply<TFunction>(Node node, Value input, TFunction function) where TFunction : struct, IElementwise =>
        Result(node, new ElementwiseStep<TFunction>(input, new Value(node.Outputs[0], input.Shape, input.Layout, input.NeedsGradient), function));
}
