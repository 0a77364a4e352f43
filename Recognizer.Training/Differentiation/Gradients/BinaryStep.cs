namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>Which of the four arithmetic operators.</summary>
internal enum ArithmeticKind
{
    Add,
    Subtract,
    Multiply,
    Divide,
}

/// <summary>One side of a binary operator: a value with a row per image, or a weight that is the same for all images.</summary>
/// <param name="Value">The value, flat; or null.</param>
/// <param name="Weight">The weight; or null.</param>
/// <param name="Sources">For each element of the result the element of this side (broadcasting), or null where they are the same.</param>
internal sealed record Operand(Value? Value, Weight? Weight, int[]? Sources);

/// <summary>Addition, subtraction, multiplication or division with broadcasting, on the row-major layout.</summary>
internal sealed unsafe class BinaryStep : Step, IDisposable
{
    private readonly ArithmeticKind _operator;
    private readonly Operand _a;
    private readonly Operand _b;
    private Accumulator? _accumulatorA;
    private Accumulator? _accumulatorB;

    public BinaryStep(ArithmeticKind @operator, Operand a, Operand b, Value output)
        : base(output, [.. new[] { a.Value, b.Value }.OfType<Value>()])
    {
        _operator = @operator;
        _a = a;
        _b = b;
    }

    public override BackwardNeeds Needs => _operator is ArithmeticKind.Add or ArithmeticKind.Subtract ? BackwardNeeds.None : BackwardNeeds.Inputs;

    public override void Prepare(int parts, StepContext context)
    {
        if (_a.Weight is { IsTrainable: true } a) _accumulatorA = new Accumulator(a.Length, parts);
        if (_b.Weight is { IsTrainable: true } b) _accumulatorB = new Accumulator(b.Length, parts);
    }

    public override void Forward(in Chunk chunk)
    {
        int length = Output.Length;
        float* y = Output.Data(chunk);
        for (int n = 0; n < chunk.Count; n++, y += length)
        {
            float* a = At(_a, chunk, n), b = At(_b, chunk, n);
            for (int i = 0; i < length; i++)
            {
                float left = a[Source(_a, i)], right = b[Source(_b, i)];
                y[i] = _operator switch
                {
                    ArithmeticKind.Add => left + right,
                    ArithmeticKind.Subtract => left - right,
                    ArithmeticKind.Multiply => left * right,
                    _ => left / right,
                };
            }
        }
    }

    public override void Backward(in Chunk chunk)
    {
        Backward(chunk, _a, _accumulatorA, _a.Value is null ? -1 : 0);
        Backward(chunk, _b, _accumulatorB, _b.Value is null ? -1 : Inputs.Length - 1);
    }

    public override IEnumerable<Job> AfterJobs
    {
        get
        {
            var jobs = new List<Job>();
            if (_accumulatorA is { } a) jobs.Add(new Job([_a.Weight!], _ => a.Finish(_a.Weight!.Gradient, _a.Weight.IsShared)));
            if (_accumulatorB is { } b) jobs.Add(new Job([_b.Weight!], _ => b.Finish(_b.Weight!.Gradient, _b.Weight.IsShared)));
            return jobs;
        }
    }

    public void Dispose()
    {
        _accumulatorA?.Dispose();
        _accumulatorB?.Dispose();
    }

    private void Backward(in Chunk chunk, Operand side, Accumulator? accumulator, int input)
    {
        bool isLeft = ReferenceEquals(side, _a);
        int length = Output.Length;
        float* target;
        if (side.Value is { } value)
        {
            if (!value.NeedsGradient) return;
            target = value.Gradient(chunk);
            // The same value on both sides: the second adds to the first.
            bool adds = Adds[input];
            if (!adds) new Span<float>(target, value.Length * chunk.Count).Clear();
        }
        else if (accumulator is null) return;
        else target = accumulator.Part(chunk.Part);

        float* g = Output.Gradient(chunk);
        for (int n = 0; n < chunk.Count; n++, g += length)
        {
            float* a = null, b = null;
            if (Needs != BackwardNeeds.None)
            {
                a = At(_a, chunk, n);
                b = At(_b, chunk, n);
            }
            for (int i = 0; i < length; i++)
            {
                float slope = _operator switch
                {
                    ArithmeticKind.Add => 1,
                    ArithmeticKind.Subtract => isLeft ? 1 : -1,
                    ArithmeticKind.Multiply => isLeft ? b[Source(_b, i)] : a[Source(_a, i)],
                    _ => isLeft ? 1 / b[Source(_b, i)] : -a[Source(_a, i)] / (b[Source(_b, i)] * b[Source(_b, i)]),
                };
                target[Source(side, i)] += g[i] * slope;
            }
            if (side.Value is { } own) target += own.Length;
        }
    }

    private static int Source(Operand side, int i) => side.Sources is { } sources ? sources[i] : i;

    private static float* At(Operand side, in Chunk chunk, int image) => side.Value is { } value
        ? value.Data(chunk) + (long)image * value.Length
        : side.Weight!.Values;
}
