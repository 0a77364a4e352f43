using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Simd;
using Recognizer.Training.Differentiation.Kernels;

namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>What is fused into a <see cref="BatchNormStep"/>: y = pool(relu(norm(x) + residual)).</summary>
/// <param name="Residual">Value that is added, or null.</param>
/// <param name="Relu">Whether max(0, ·) follows.</param>
/// <param name="Pooled">Whether the maximum of 2×2 pixels, stride 2, follows ReLU; never with a residual.</param>
internal readonly record struct BatchNormFusion(Value? Residual, bool Relu, bool Pooled);

/// <summary>BatchNormalization in training mode: normalises with the mean and the (biased) variance of the batch per channel, and moves the
/// running statistics towards them (the variance towards the unbiased one), unless there is one value per channel only. Where scale and shift are both frozen it uses the
/// running statistics and leaves them alone.</summary>
/// <remarks>Ioffe and Szegedy 2015. With M values per channel, x̂ = (x − μ) / σ and y = γ x̂ + β:
/// ∂L/∂β = Σ g, ∂L/∂γ = Σ g x̂, ∂L/∂x = γ / σ · (g − Σ g / M − x̂ · Σ g x̂ / M).</remarks>
internal sealed unsafe class BatchNormStep : Step, IDisposable
{
    private readonly Weight _gamma;
    private readonly Weight _beta;
    private readonly float[] _runningMean;
    private readonly float[] _runningVariance;
    private readonly float _epsilon;
    private readonly float _momentum;
    private readonly BatchNormFusion _fusion;
    private readonly bool _frozen;
    private readonly int _channels;
    private readonly int _stride;

    /// <summary>Smallest scale γ beside the shift β that lets x̂ be found again from γ x̂ + β without losing precision.</summary>
    private const float LeastScale = 1e-2f;

    // Per channel: scale and offset of the forward pass, mean, 1 / σ, result for the mean, constant and slope of the backward pass.
    private readonly AlignedBuffer<float> _numbers;
    private readonly float* _scale;
    private readonly float* _offset;
    private readonly float* _mean;
    private readonly float* _inverse;
    private readonly float* _center;
    private readonly float* _constant;
    private readonly float* _slope;

    // Whether the gradient's sums are taken from the pooled result, a quarter of the data: where it is above zero, it tells the value behind it.
    private bool _measuresResult;

    // Per part: number of values, what is subtracted from them, and sums.
    private long[] _counts = [];
    private StepContext? _context;
    private AlignedBuffer<float>? _shifts;
    private double[][] _sums = [];
    private double[][] _squares = [];

    public BatchNormStep(Value input, Value output, Weight gamma, Weight beta, float[] runningMean, float[] runningVariance, float epsilon, float momentum, BatchNormFusion fusion)
        : base(output, fusion.Residual is { } residual ? [input, residual] : [input])
    {
        (_gamma, _beta, _runningMean, _runningVariance) = (gamma, beta, runningMean, runningVariance);
        (_epsilon, _momentum, _fusion) = (epsilon, momentum, fusion);
        _frozen = !gamma.IsTrainable && !beta.IsTrainable;
        _channels = runningMean.Length;
        _stride = input.Layout == ValueLayout.Image ? new ImageShape(1, 1, _channels, 0).PixelStride : _channels;
        int padded = (_stride + 15) / 16 * 16;
        _numbers = new AlignedBuffer<float>(7 * padded);
        _scale = _numbers.Pointer;
        _offset = _scale + padded;
        _mean = _offset + padded;
        _inverse = _mean + padded;
        _center = _inverse + padded;
        _constant = _center + padded;
        _slope = _constant + padded;
    }

    public override BackwardNeeds Needs => BackwardNeeds.FirstInput | (_fusion.Pooled || (_fusion.Residual is not null && _fusion.Relu) ? BackwardNeeds.Output : BackwardNeeds.None);

    public override bool NeedsStatistics => !_frozen;

    public override bool IsRepeatable => !_frozen && !_fusion.Pooled && _fusion.Residual is null;

    /// <summary>Whether the channels fill whole vectors of any width.</summary>
    private SimdLevel Level => _stride % 16 == 0 ? InstructionSet.Current : SimdLevel.Scalar;

    /// <summary>Whether only the result tells where ReLU let the gradient pass.</summary>
    private bool MasksByOutput => _fusion.Residual is not null && _fusion.Relu;

    private float Floor => _fusion.Relu ? 0 : float.NegativeInfinity;

    public override void Prepare(int parts, StepContext context)
    {
        _context = context;
        _counts = new long[parts];
        _shifts = new AlignedBuffer<float>((long)parts * ((_stride + 15) / 16 * 16));
        _sums = NewSums(parts);
        _squares = NewSums(parts);
    }

    public override long ScratchLength(int images) => 2 * ((_stride + 15) / 16 * 16);

    public override IEnumerable<Job> BeforeJobs => _frozen ? [new Job([], _ => UseRunningStatistics())] : [];

    public override void Measure(in Chunk chunk)
    {
        PixelGrid x = PixelGrid.Of(Inputs[0], Inputs[0].Data(chunk));
        float* shift = _shifts!.Pointer + chunk.Part * ((_stride + 15) / 16 * 16);
        // Subtracting any value of the channel keeps the sums of squares small where the mean is far from zero.
        if (_counts[chunk.Part] == 0) new ReadOnlySpan<float>(x.Row(0, 0), _stride).CopyTo(new Span<float>(shift, _stride));
        _counts[chunk.Part] += (long)chunk.Count * x.Height * x.Width;
        Operation operation = NewOperation(Pass.Moments, chunk, x);
        operation.Shift = shift;
        operation.Sums = _sums[chunk.Part];
        operation.Products = _squares[chunk.Part];
        InstructionSet.Dispatch(Level, ref operation);
    }

    public override void Join(int parts, int images)
    {
        float momentum = Math.Max(_momentum, _context!.LeastMomentum);
        for (int c = 0; c < _channels; c++)
        {
            // Chan, Golub, LeVeque: mean and squared deviations of a union from those of its parts.
            double count = 0, mean = 0, deviations = 0;
            for (int p = 0; p < parts; p++)
            {
                if (_counts[p] == 0) continue;
                double n = _counts[p], partMean = _sums[p][c] / n;
                double partDeviations = Math.Max(0, _squares[p][c] - _sums[p][c] * partMean);
                partMean += _shifts!.Pointer[p * ((_stride + 15) / 16 * 16) + c];
                double difference = partMean - mean, total = count + n;
                deviations += partDeviations + difference * difference * count * n / total;
                mean += difference * n / total;
                count = total;
            }
            double variance = deviations / count;
            SetChannel(c, mean, variance);
            // One value says nothing of a variance.
            if (count == 1) continue;
            double unbiased = deviations / (count - 1);
            _runningMean[c] += momentum * (float)(mean - _runningMean[c]);
            _runningVariance[c] += momentum * (float)(unbiased - _runningVariance[c]);
        }
        Reset();
        _measuresResult = _fusion.Pooled;
        for (int c = 0; c < _channels; c++) _measuresResult &= Math.Abs(_gamma.Values[c]) > LeastScale * Math.Abs(_beta.Values[c]);
    }

    public override void Forward(in Chunk chunk)
    {
        PixelGrid x = PixelGrid.Of(Inputs[0], Inputs[0].Data(chunk));
        Operation operation = NewOperation(_fusion.Pooled ? Pass.ApplyPooled : Pass.Apply, chunk, x);
        operation.Output = PixelGrid.Of(Output, Output.Data(chunk));
        if (_fusion.Residual is { } residual) operation.Residual = PixelGrid.Of(residual, residual.Data(chunk));
        operation.HasResidual = _fusion.Residual is not null;
        InstructionSet.Dispatch(Level, ref operation);
    }

    public override void MeasureGradient(in Chunk chunk)
    {
        PixelGrid x = PixelGrid.Of(Inputs[0], Inputs[0].Data(chunk));
        _counts[chunk.Part] += (long)chunk.Count * x.Height * x.Width;
        PixelGrid y = PixelGrid.Of(Output, Output.Data(chunk));
        Operation operation = NewOperation(_fusion.Pooled && !_measuresResult ? Pass.GradientSumsPooled : Pass.GradientSums, chunk, _measuresResult ? y : x);
        operation.Gradient = PixelGrid.Of(Output, Output.Gradient(chunk));
        operation.MaskByOutput = MasksByOutput || _measuresResult;
        operation.Output = y;
        operation.Mean = _measuresResult ? _center : _mean;
        operation.Sums = _sums[chunk.Part];
        operation.Products = _squares[chunk.Part];
        InstructionSet.Dispatch(Level, ref operation);
    }

    public override void JoinGradient(int parts, int images)
    {
        double count = _counts.Sum();
        for (int c = 0; c < _channels; c++)
        {
            double sum = 0, product = 0;
            for (int p = 0; p < parts; p++)
            {
                sum += _sums[p][c];
                product += _squares[p][c];
            }
            if (_measuresResult) product /= _scale[c];
            double inverse = _inverse[c];
            double slope = _scale[c] * inverse * inverse * product / count;
            _slope[c] = (float)slope;
            _constant[c] = (float)(slope * _mean[c] - _scale[c] * sum / count);
            if (_beta.IsTrainable) Put(_beta, c, (float)sum);
            if (_gamma.IsTrainable) Put(_gamma, c, (float)(product * inverse));
        }
        Reset();
    }

    public override void Backward(in Chunk chunk)
    {
        PixelGrid x = PixelGrid.Of(Inputs[0], Inputs[0].Data(chunk));
        Operation operation = NewOperation(_fusion.Pooled ? Pass.GradientPooled : Pass.Gradient, chunk, x);
        operation.Gradient = PixelGrid.Of(Output, Output.Gradient(chunk));
        operation.MaskByOutput = MasksByOutput;
        if (operation.MaskByOutput) operation.Output = PixelGrid.Of(Output, Output.Data(chunk));
        if (_fusion.Residual is { NeedsGradient: true } residual)
        {
            operation.Residual = PixelGrid.Of(residual, residual.Gradient(chunk));
            operation.HasResidual = true;
            operation.AddResidual = Adds[1];
        }
        if (!Inputs[0].NeedsGradient && !operation.HasResidual) return;
        // A frozen layer may stand on values without gradient; its own result then goes to scratch nobody reads.
        if (!Inputs[0].NeedsGradient) throw new InvalidOperationException("A residual with a gradient was added to a normalised value without one.");
        operation.Result = PixelGrid.Of(Inputs[0], Inputs[0].Gradient(chunk));
        operation.Add = Adds[0];
        InstructionSet.Dispatch(Level, ref operation);
    }

    public void Dispose()
    {
        _numbers.Dispose();
        _shifts?.Dispose();
    }

    private double[][] NewSums(int parts) => [.. Enumerable.Range(0, parts).Select(_ => new double[_stride])];

    private void UseRunningStatistics()
    {
        for (int c = 0; c < _channels; c++) SetChannel(c, _runningMean[c], _runningVariance[c]);
    }

    private void SetChannel(int c, double mean, double variance)
    {
        double inverse = 1 / Math.Sqrt(variance + _epsilon);
        _mean[c] = (float)mean;
        _inverse[c] = (float)inverse;
        _scale[c] = (float)(_gamma.Values[c] * inverse);
        _offset[c] = (float)(_beta.Values[c] - mean * _gamma.Values[c] * inverse);
        _center[c] = _beta.Values[c];
    }

    private static void Put(Weight weight, int index, float value)
    {
        if (weight.IsShared) weight.Gradient[index] += value;
        else weight.Gradient[index] = value;
    }

    private void Reset()
    {
        Array.Clear(_counts);
        foreach (double[] sums in _sums) Array.Clear(sums);
        foreach (double[] sums in _squares) Array.Clear(sums);
    }

    private Operation NewOperation(Pass pass, in Chunk chunk, in PixelGrid x) => new()
    {
        Pass = pass,
        Step = this,
        Images = chunk.Count,
        X = x,
        Scratch = chunk.Scratch,
    };

    private enum Pass
    {
        Moments,
        Apply,
        ApplyPooled,
        GradientSums,
        GradientSumsPooled,
        Gradient,
        GradientPooled,
    }

    private struct Operation : ISimdOperation
    {
        public Pass Pass;
        public BatchNormStep Step;
        public int Images;
        public PixelGrid X, Output, Residual, Gradient, Result;
        public bool HasResidual, MaskByOutput, Add, AddResidual;
        public float* Shift, Mean, Scratch;
        public double[] Sums, Products;

        public readonly void Run<T>() where T : unmanaged, ISimd<T>
        {
            BatchNormStep s = Step;
            int stride = s._stride;
            float* sums = Scratch, products = Scratch + (stride + 15) / 16 * 16;
            bool measures = Pass is Pass.Moments or Pass.GradientSums or Pass.GradientSumsPooled;
            for (int n = 0; n < Images; n++)
            {
                if (measures)
                {
                    new Span<float>(sums, stride).Clear();
                    new Span<float>(products, stride).Clear();
                }
                switch (Pass)
                {
                    case Pass.Moments:
                        BatchNormKernels.Moments<T>(X, n, Shift, sums, products);
                        break;
                    case Pass.Apply:
                        BatchNormKernels.Apply<T>(X, Output, Residual, HasResidual, n, s._scale, s._offset, s.Floor);
                        break;
                    case Pass.ApplyPooled:
                        BatchNormKernels.ApplyPooled<T>(X, Output, n, s._scale, s._offset);
                        break;
                    case Pass.GradientSums:
                        BatchNormKernels.GradientSums<T>(X, Gradient, Output, MaskByOutput, n, Mean, s._scale, s._offset, s.Floor, sums, products);
                        break;
                    case Pass.GradientSumsPooled:
                        BatchNormKernels.GradientSumsPooled<T>(X, Gradient, n, Mean, s._scale, s._offset, sums, products);
                        break;
                    case Pass.Gradient:
                        BatchNormKernels.Gradient<T>(X, Gradient, Output, MaskByOutput, Result, Add, Residual, HasResidual, AddResidual, n, s._scale, s._offset, s.Floor, s._constant, s._slope);
                        break;
                    default:
                        BatchNormKernels.GradientPooled<T>(X, Gradient, Result, Add, n, s._scale, s._offset, s._constant, s._slope);
                        break;
                }
                if (!measures) continue;
                // Sums of one image fit a float; those of a batch want a double.
                for (int c = 0; c < stride; c++)
                {
                    Sums[c] += sums[c];
                    Products[c] += products[c];
                }
            }
        }
    }
}
