using Recognizer.Inference.Engine.Kernels;

namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>One side of a binary operator: a value with a row per image, or a weight that is the same for all images.</summary>
/// <param name="Value">The value, flat; or null.</param>
/// <param name="Weight">The weight; or null.</param>
/// <param name="Sources">For each element of the result the element of this side (broadcasting), or null where they are the same.</param>
internal sealed record Operand(Value? Value, Weight? Weight, int[]? Sources);

/// <summary>Addition, subtraction, multiplication, division, maximum or minimum with broadcasting, on the row-major layout. Of equal operands
/// the left one is the largest and the smallest.</summary>
internal sealed unsafe class BinaryStep : Step, IDisposable
{
    private readonly ArithmeticOperation _operator;
    private readonly Operand _a;
    private readonly Operand _b;
    private Accumulator? _accumulatorA;
    private Accumulator? _accumulatorB;

    public BinaryStep(ArithmeticOperation @operator, Operand a, Operand b, Value output)
        : base(output, [.. new[] { a.Value, b.Value }.OfType<Value>()])
    {
        _operator = @operator;
        _a = a;
        _b = b;
    }

    public override BackwardNeeds Needs => _operator is ArithmeticOperation.Add or ArithmeticOperation.Subtract ? BackwardNeeds.None : BackwardNeeds.Inputs;

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
                    ArithmeticOperation.Add => left + right,
                    ArithmeticOperation.Subtract => left - right,
                    ArithmeticOperation.Multiply => left * right,
                    ArithmeticOperation.Divide => left / right,
                    ArithmeticOperation.Maximum => Math.Max(left, right),
                    _ => Math.Min(left, right),
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
                float left = a == null ? 0 : a[Source(_a, i)], right = b == null ? 0 : b[Source(_b, i)];
                float slope = _operator switch
                {
                    ArithmeticOperation.Add => 1,
                    ArithmeticOperation.Subtract => isLeft ? 1 : -1,
                    ArithmeticOperation.Multiply => isLeft ? right : left,
                    ArithmeticOperation.Divide => isLeft ? 1 / right : -left / (right * right),
                    ArithmeticOperation.Maximum => left >= right == isLeft ? 1 : 0,
                    _ => left <= right == isLeft ? 1 : 0,
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
