using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Matrices;
using Recognizer.Inference.Engine.Kernels.Winograd;
using Recognizer.Training.Differentiation.Kernels;

namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>Conv with bias, and max(0, ·) where fused. The gradient by its input is, for stride 1, itself a convolution of the output's
/// gradient with the kernel turned by 180° and inputs and outputs exchanged.</summary>
internal sealed unsafe class ConvolutionStep : Step, IDisposable
{
    /// <summary>Tiles of Winograd's transform that pay for transforming sums back.</summary>
    private const int BackwardTiles = 32;

    /// <summary>Tiles that fill the rows of a product twice.</summary>
    private const int ForwardTiles = 28;

    private readonly Weight _weight;
    private readonly Weight? _bias;
    private readonly ConvolutionShape _geometry;
    private readonly bool _relu;
    private readonly bool _maskedByReader;
    private readonly AlignedBuffer<float> _turned;
    private readonly AlignedBuffer<float> _finished;
    private Convolution? _forward;
    private Convolution? _byData;
    private ConvolutionWeightGradient? _byWeights;
    private Accumulator? _weightSums;
    private Accumulator? _biasSums;
    private ConvolutionShape _shape;
    private ConvolutionAlgorithm _algorithm, _byWeightsAlgorithm;
    private bool _addsInPlace;

    /// <param name="weight">[outputs, channels / groups, kernel height, kernel width].</param>
    /// <param name="bias">[outputs], or null.</param>
    /// <param name="geometry">Shape of the convolution; the input's border is filled in later.</param>
    /// <param name="relu">Whether max(0, ·) follows.</param>
    /// <param name="maskedByReader">Whether the only reader leaves the gradient zero where ReLU's derivative is.</param>
    public ConvolutionStep(Value input, Value output, Weight weight, Weight? bias, ConvolutionShape geometry, bool relu, bool maskedByReader)
        : base(output, input)
    {
        (_weight, _bias, _geometry, _relu, _maskedByReader) = (weight, bias, geometry, relu, maskedByReader);
        _turned = new AlignedBuffer<float>(weight.Length);
        _finished = new AlignedBuffer<float>(weight.Length);
        input.RequireBorder(LargestPad(geometry));
        if (input.NeedsGradient && TurnsOver(geometry)) output.RequireBorder(LargestPad(Turned(geometry, output.Image)));
    }

    public override BackwardNeeds Needs => BackwardNeeds.Inputs | (_relu && !_maskedByReader ? BackwardNeeds.Output : BackwardNeeds.None);

    // Tiles of Winograd's transform that come together: the rows of the forward products, and the length of the sums of the gradient by
    // weights, after which they are transformed back.
    public override int LeastChunk(bool backward)
    {
        bool byWeights = backward && _byWeights is not null;
        ConvolutionAlgorithm algorithm = byWeights ? _byWeightsAlgorithm : _algorithm;
        if (algorithm == ConvolutionAlgorithm.Direct) return 1;
        int tiles = WinogradTiling.Of(algorithm, Output.Shape[1], Output.Shape[2]).Tiles;
        return ((backward ? BackwardTiles : ForwardTiles) + tiles - 1) / tiles;
    }

    private int Columns => _shape.GroupChannels * _shape.KernelHeight * _shape.KernelWidth;

    private int GroupOutputs => _shape.OutputChannels / _shape.Groups;

    public override void Prepare(int parts, StepContext context)
    {
        _shape = _geometry with { Input = Inputs[0].Image };
        var epilogue = new Epilogue(new Activation(_relu ? ActivationKind.Relu : ActivationKind.None));
        ReadOnlySpan<float> bias = _bias is { } b ? b.Span : [];
        int images = Math.Max(1, context.BatchSize / parts);
        _algorithm = Convolution.Default(_shape, context.Winograd, images);
        _forward = Convolution.Create(_shape, epilogue, Output.Image, _algorithm, _weight.Span, bias);
        if (Inputs[0].NeedsGradient && TurnsOver(_shape))
        {
            ConvolutionShape turned = Turned(_shape, Output.Image);
            ConvolutionAlgorithm algorithm = Convolution.Default(turned, context.Winograd, images);
            // Tiles leave what is there alone until they add to it, but twice where they overlap.
            _addsInPlace = Adds[0] && algorithm != ConvolutionAlgorithm.Direct && WinogradTiling.Of(algorithm, turned.OutputHeight, turned.OutputWidth).IsExact;
            _byData = Convolution.Create(turned, new Epilogue(default, AddResidual: _addsInPlace), Inputs[0].Image, algorithm, _turned.Span, []);
        }
        if (_weight.IsTrainable)
        {
            _byWeightsAlgorithm = ConvolutionWeightGradient.Default(_shape, context.Winograd);
            _byWeights = ConvolutionWeightGradient.Create(_shape, Output.Image, _byWeightsAlgorithm);
            _weightSums = new Accumulator(_byWeights.AccumulatorLength, parts);
        }
        if (_bias is { IsTrainable: true }) _biasSums = new Accumulator(_shape.OutputChannels, parts);
    }

    public override long ScratchLength(int images)
    {
        // Gradients by data of convolutions that don't turn over go through the windows of a row.
        long windows = _byData is null && Inputs[0].NeedsGradient ? (long)_shape.OutputWidth * Columns : 0;
        // The sums over pixels need a row of channels.
        long sums = Math.Max(_byWeights?.ScratchLength(images) ?? 0, Output.Image.PixelStride + 64);
        long byData = _byData is null ? 0 : _byData.ScratchLength(images) + (Adds[0] && !_addsInPlace ? images * Inputs[0].Stride : 0) + 16;
        return Math.Max(Math.Max(windows, sums), Math.Max(byData, _forward!.ScratchLength(images)));
    }

    public override IEnumerable<Job> BeforeJobs
    {
        get
        {
            List<Job> jobs = [new([], _ => _forward!.SetWeights(_weight.Span, _bias is { } bias ? bias.Span : []))];
            if (Inputs[0].NeedsGradient) jobs.Add(new Job([], _ => TurnWeights()));
            return jobs;
        }
    }

    public override IEnumerable<Job> AfterJobs
    {
        get
        {
            var jobs = new List<Job>();
            if (_weightSums is not null) jobs.Add(new Job([_weight], _ => FinishWeights()));
            if (_biasSums is { } sums) jobs.Add(new Job([_bias!], _ => sums.Finish(_bias!.Gradient, _bias.IsShared)));
            return jobs;
        }
    }

    public override void Forward(in Chunk chunk) => _forward!.Run(Inputs[0].Data(chunk), Output.Data(chunk), null, chunk.Count, chunk.Scratch);

    public override void Backward(in Chunk chunk)
    {
        if (_relu && !_maskedByReader) ElementwiseKernels.MaskByOutput(Output.Rows(Output.Data(chunk)), Output.Rows(Output.Gradient(chunk)), chunk.Count);
        if (_biasSums is { } biasSums) ElementwiseKernels.SumPixels(PixelGrid.Of(Output, Output.Gradient(chunk)), chunk.Count, _shape.OutputChannels, biasSums.Part(chunk.Part), chunk.Scratch);
        _byWeights?.Add(Inputs[0].Data(chunk), Output.Gradient(chunk), chunk.Count, _weightSums!.Part(chunk.Part), chunk.Scratch);
        if (Inputs[0].NeedsGradient) ByData(chunk);
    }

    public void Dispose()
    {
        _turned.Dispose();
        _finished.Dispose();
        _forward?.Dispose();
        _byData?.Dispose();
        _weightSums?.Dispose();
        _biasSums?.Dispose();
    }

    private static int LargestPad(in ConvolutionShape shape) => Math.Max(Math.Max(shape.PadTop, shape.PadBottom), Math.Max(shape.PadLeft, shape.PadRight));

    /// <summary>Whether the gradient by data is a convolution.</summary>
    private static bool TurnsOver(in ConvolutionShape shape) => shape.StrideY == 1 && shape.StrideX == 1
        && shape.PadTop <= (shape.KernelHeight - 1) * shape.DilationY && shape.PadLeft <= (shape.KernelWidth - 1) * shape.DilationX
        && shape.PadBottom <= (shape.KernelHeight - 1) * shape.DilationY && shape.PadRight <= (shape.KernelWidth - 1) * shape.DilationX;

    private static ConvolutionShape Turned(in ConvolutionShape shape, ImageShape output)
    {
        int extentY = (shape.KernelHeight - 1) * shape.DilationY, extentX = (shape.KernelWidth - 1) * shape.DilationX;
        return new ConvolutionShape(output, shape.Input.Channels, shape.KernelHeight, shape.KernelWidth, 1, 1,
            extentY - shape.PadTop, extentX - shape.PadLeft, extentY - shape.PadBottom, extentX - shape.PadRight, shape.DilationY, shape.DilationX, shape.Groups);
    }

    /// <summary>Packs the weights for the gradient by data: for a convolution, or per group [ky, kx, channels, outputs] for products.</summary>
    private void TurnWeights()
    {
        if (_byData is not null)
        {
            _byData.SetTurnedWeights(_weight.Span, _turned.Span);
            return;
        }
        int kernel = _shape.KernelHeight * _shape.KernelWidth, channels = _shape.GroupChannels;
        for (int o = 0; o < _shape.OutputChannels; o++)
            for (int c = 0; c < channels; c++)
                for (int k = 0; k < kernel; k++) _turned.Pointer[Packed(o, c, k)] = _weight.Values[(o * channels + c) * kernel + k];
    }

    private void ByData(in Chunk chunk)
    {
        float* result = Inputs[0].Gradient(chunk);
        if (_byData is null)
        {
            ByDataWithStrides(chunk, result);
            return;
        }
        if (_addsInPlace || !Adds[0])
        {
            _byData.Run(Output.Gradient(chunk), result, _addsInPlace ? result : null, chunk.Count, chunk.Scratch);
            return;
        }
        float* own = chunk.Scratch + (_byData.ScratchLength(chunk.Count) + 15) / 16 * 16;
        _byData.Run(Output.Gradient(chunk), own, null, chunk.Count, chunk.Scratch);
        ElementwiseKernels.Add(Inputs[0].Rows(own), Inputs[0].Rows(result), chunk.Count);
    }

    private void ByDataWithStrides(in Chunk chunk, float* result)
    {
        Rows gradient = Output.Rows(Output.Gradient(chunk));
        if (!Adds[0]) Inputs[0].Rows(result).Clear(chunk.Count);
        int stride = Output.Image.PixelStride, columns = Columns;
        for (int n = 0; n < chunk.Count; n++, result += _shape.Input.ImageStride)
        {
            for (int r = 0; r < _shape.OutputHeight; r++)
            {
                for (int g = 0; g < _shape.Groups; g++)
                {
                    Gemm.Run(false, true, _shape.OutputWidth, columns, GroupOutputs, gradient[n, r] + g * GroupOutputs, stride,
                        _turned.Pointer + g * columns * GroupOutputs, GroupOutputs, 0, chunk.Scratch, columns);
                    Scatter(result, r, g, chunk.Scratch);
                }
            }
        }
    }

    private void FinishWeights()
    {
        float* target = _weight.IsShared ? _finished.Pointer : _weight.Gradient;
        _byWeights!.Finish(_weightSums!.Part(0), _weightSums.Stride, _weightSums.Parts, target);
        _weightSums.Clear();
        for (int i = 0; i < _weight.Length && _weight.IsShared; i++) _weight.Gradient[i] += target[i];
    }

    private int Packed(int output, int channel, int kernel) =>
        ((output / GroupOutputs * _shape.KernelHeight * _shape.KernelWidth + kernel) * _shape.GroupChannels + channel) * GroupOutputs + output % GroupOutputs;

    /// <summary>Adds columns[x, (ky, kx, channel)] of a row of windows to the pixels that they come from.</summary>
    private void Scatter(float* image, int row, int group, float* columns)
    {
        int channels = _shape.GroupChannels;
        for (int ox = 0; ox < _shape.OutputWidth; ox++)
        {
            for (int ky = 0; ky < _shape.KernelHeight; ky++)
            {
                int y = row * _shape.StrideY - _shape.PadTop + ky * _shape.DilationY;
                for (int kx = 0; kx < _shape.KernelWidth; kx++, columns += channels)
                {
                    int x = ox * _shape.StrideX - _shape.PadLeft + kx * _shape.DilationX;
                    if (y < 0 || y >= _shape.Input.Height || x < 0 || x >= _shape.Input.Width) continue;
                    float* to = image + Offset(row, ox, ky, kx) + group * channels;
                    for (int c = 0; c < channels; c++) to[c] += columns[c];
                }
            }
        }
    }

    private long Offset(int row, int column, int ky, int kx) => _shape.Input.Origin
        + (long)(row * _shape.StrideY - _shape.PadTop + ky * _shape.DilationY) * _shape.Input.RowStride
        + (long)(column * _shape.StrideX - _shape.PadLeft + kx * _shape.DilationX) * _shape.Input.PixelStride;
}
