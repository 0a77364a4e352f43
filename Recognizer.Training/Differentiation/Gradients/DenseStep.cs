using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Matrices;
using Recognizer.Training.Differentiation.Kernels;

namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>Gemm and MatMul with a weight: y = activation(x · W + b) for each row of the last dimension, max(0, ·) fused or nothing.</summary>
/// <remarks>The weight's gradient is one product over the whole batch, split by the weight's rows, so that it needs no accumulators.</remarks>
internal sealed unsafe class DenseStep : Step, IDisposable
{
    /// <summary>Rows that one job of the weight's gradient computes at least: what the product does without copying its other operand.</summary>
    private const int LeastRows = 28;

    /// <summary>Elements of a weight's gradient that one job computes, where that is more.</summary>
    private const int JobLength = 64 * 1024;

    private readonly Weight _weight;
    private readonly Weight? _bias;
    private readonly bool _transposed;
    private readonly bool _relu;
    private readonly int _rows;
    private readonly int _k;
    private readonly int _n;
    private readonly PackedMatrix _forward;
    private readonly PackedMatrix? _byData;
    private StepContext? _context;

    /// <param name="weight">[k, n], or [n, k] if <paramref name="transposed"/>.</param>
    /// <param name="bias">[n], or null.</param>
    public DenseStep(Value input, Value output, Weight weight, Weight? bias, bool transposed, bool relu) : base(output, input)
    {
        (_weight, _bias, _transposed, _relu) = (weight, bias, transposed, relu);
        (_k, _n) = transposed ? (weight.Shape[1], weight.Shape[0]) : (weight.Shape[0], weight.Shape[1]);
        _rows = input.Length / _k;
        // Any content of the right length will do until the first step packs the weight.
        var empty = new float[weight.Length];
        _forward = new PackedMatrix(_k, _n, empty, transposed);
        if (input.NeedsGradient) _byData = new PackedMatrix(_n, _k, empty, !transposed);
    }

    public override BackwardNeeds Needs => _relu ? BackwardNeeds.Output : BackwardNeeds.None;

    public override bool JobsReadBatch => _weight.IsTrainable || _bias is { IsTrainable: true };

    public override void Prepare(int parts, StepContext context) => _context = context;

    public override IEnumerable<Job> BeforeJobs
    {
        get
        {
            List<Job> jobs = [new([], _ => _forward.Pack(_weight.Span, _transposed))];
            if (_byData is { } byData) jobs.Add(new Job([], _ => byData.Pack(_weight.Span, !_transposed)));
            return jobs;
        }
    }

    public override void Forward(in Chunk chunk) => _forward.Multiply(chunk.Count * _rows, Inputs[0].Data(chunk), _k, Output.Data(chunk), _n,
        _bias is { } bias ? bias.Values : null, new Activation(_relu ? ActivationKind.Relu : ActivationKind.None));

    public override void Backward(in Chunk chunk)
    {
        float* gradient = Output.Gradient(chunk);
        int rows = chunk.Count * _rows;
        if (_relu) ElementwiseKernels.MaskByOutput(Output.Rows(Output.Data(chunk)), Output.Rows(gradient), chunk.Count);
        if (_byData is null) return;
        if (Adds[0]) Gemm.Run(false, !_transposed, rows, _k, _n, gradient, _n, _weight.Values, _weight.Shape[1], 1, Inputs[0].Gradient(chunk), _k);
        else _byData.Multiply(rows, gradient, _n, Inputs[0].Gradient(chunk), _k, null, default);
    }

    public void Dispose()
    {
        _forward.Dispose();
        _byData?.Dispose();
    }

    public override IEnumerable<Job> AfterJobs
    {
        get
        {
            if (_weight.IsTrainable)
            {
                // dW[k, n] = xᵀ · g, or its transpose gᵀ · x; a job does some rows.
                int height = _weight.Shape[0], width = _weight.Shape[1], step = Math.Min(Math.Max(JobLength / width, LeastRows), height);
                for (int row = 0; row < height; row += step)
                {
                    int first = row, count = Math.Min(step, height - row);
                    yield return new Job([_weight], _ => WeightGradient(first, count));
                }
            }
            if (_bias is { IsTrainable: true }) yield return new Job([_bias], _ => BiasGradient());
        }
    }

    private Chunk WholeBatch => new(0, _context!.Count, 0, null, null);

    private void WeightGradient(int first, int count)
    {
        Chunk batch = WholeBatch;
        float* x = Inputs[0].Data(batch), g = Output.Gradient(batch);
        float* target = _weight.Gradient + (long)first * _weight.Shape[1];
        float beta = _weight.IsShared ? 1 : 0;
        int rows = batch.Count * _rows;
        if (_transposed) Gemm.Run(true, false, count, _k, rows, g + first, _n, x, _k, beta, target, _k);
        else Gemm.Run(true, false, count, _n, rows, x + first, _k, g, _n, beta, target, _n);
    }

    private void BiasGradient()
    {
        Chunk batch = WholeBatch;
        float* g = Output.Gradient(batch), target = _bias!.Gradient;
        int rows = batch.Count * _rows;
        for (int j = 0; j < _n; j++)
        {
            double sum = 0;
            for (int i = 0; i < rows; i++) sum += g[(long)i * _n + j];
            target[j] = (_bias.IsShared ? target[j] : 0) + (float)sum;
        }
    }
}
