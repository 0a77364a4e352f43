using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Kernels;

namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>Conv with bias, and max(0, ·) where fused.</summary>
internal sealed unsafe class ConvolutionStep : Step, IDisposable
{
    private readonly Weight _weight;
    private readonly Weight? _bias;
    private readonly ConvolutionShape _geometry;
    private readonly bool _relu;
    private readonly bool _maskedByReader;
    private readonly AlignedBuffer<float> _packed;
    private readonly AlignedBuffer<float> _finished;
    private Accumulator? _weightSums;
    private Accumulator? _biasSums;
    private ConvolutionShape _shape;

    /// <param name="weight">[outputs, channels / groups, kernel height, kernel width].</param>
    /// <param name="bias">[outputs], or null.</param>
    /// <param name="geometry">Shape of the convolution; the input's border is filled in later.</param>
    /// <param name="relu">Whether max(0, ·) follows.</param>
    /// <param name="maskedByReader">Whether the only reader leaves the gradient zero where ReLU's derivative is.</param>
    public ConvolutionStep(Value input, Value output, Weight weight, Weight? bias, ConvolutionShape geometry, bool relu, bool maskedByReader)
        : base(output, input)
    {
        (_weight, _bias, _geometry, _relu, _maskedByReader) = (weight, bias, geometry, relu, maskedByReader);
        _packed = new AlignedBuffer<float>(weight.Length);
        _finished = new AlignedBuffer<float>(weight.Length);
        input.RequireBorder(Math.Max(Math.Max(geometry.PadTop, geometry.PadBottom), Math.Max(geometry.PadLeft, geometry.PadRight)));
    }

    public override BackwardNeeds Needs => BackwardNeeds.Inputs | (_relu && !_maskedByReader ? BackwardNeeds.Output : BackwardNeeds.None);

    private int Steps => _shape.GroupChannels * _shape.KernelHeight * _shape.KernelWidth;

    private int GroupOutputs => _shape.OutputChannels / _shape.Groups;

    public override void Prepare(int parts, StepContext context)
    {
        _shape = _geometry with { Input = Inputs[0].Image };
        if (_weight.IsTrainable) _weightSums = new Accumulator(_weight.Length, parts);
        if (_bias is { IsTrainable: true }) _biasSums = new Accumulator(_shape.OutputChannels, parts);
    }

    public override long ScratchLength(int images) => 2L * _shape.OutputWidth * Steps + 64;

    public override IEnumerable<Job> BeforeJobs => [new Job([], _ => Pack())];

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

    public override void Forward(in Chunk chunk)
    {
        ImageShape output = Output.Image;
        var activation = new Activation(_relu ? ActivationKind.Relu : ActivationKind.None);
        for (int n = 0; n < chunk.Count; n++)
        {
            float* x = Inputs[0].Data(chunk) + n * (long)_shape.Input.ImageStride;
            float* y = Output.Data(chunk) + n * (long)output.ImageStride + output.Origin;
            for (int r = 0; r < output.Height; r++)
            {
                for (int g = 0; g < _shape.Groups; g++)
                {
                    Gather(x, r, g, chunk.Scratch);
                    Gemm.Run(false, false, output.Width, GroupOutputs, Steps, chunk.Scratch, Steps, _packed.Pointer + g * Steps * GroupOutputs, GroupOutputs,
                        0, y + r * output.RowStride + g * GroupOutputs, output.PixelStride, _bias is { } bias ? bias.Values + g * GroupOutputs : null, activation);
                }
            }
        }
    }

    public override void Backward(in Chunk chunk)
    {
        ImageShape output = Output.Image;
        Rows gradient = Output.Rows(Output.Gradient(chunk));
        if (_relu && !_maskedByReader)
        {
            Rows y = Output.Rows(Output.Data(chunk));
            for (int n = 0; n < chunk.Count; n++)
            {
                for (int r = 0; r < y.Count; r++)
                {
                    float* value = y[n, r], g = gradient[n, r];
                    for (int i = 0; i < y.Length; i++)
                        if (value[i] <= 0) g[i] = 0;
                }
            }
        }
        if (_biasSums is { } biasSums)
        {
            float* sums = biasSums.Part(chunk.Part);
            for (int n = 0; n < chunk.Count; n++)
                for (int r = 0; r < output.Height; r++)
                    for (int i = 0; i < output.Width; i++)
                        for (int c = 0; c < output.Channels; c++) sums[c] += gradient[n, r][i * output.PixelStride + c];
        }
        bool byData = Inputs[0].NeedsGradient;
        float* columns = chunk.Scratch, byColumns = chunk.Scratch + output.Width * Steps;
        for (int n = 0; n < chunk.Count; n++)
        {
            float* x = Inputs[0].Data(chunk) + n * (long)_shape.Input.ImageStride;
            float* dx = byData ? Inputs[0].Gradient(chunk) + n * (long)_shape.Input.ImageStride : null;
            if (byData && !Adds[0])
            {
                Rows cleared = Inputs[0].Rows(Inputs[0].Gradient(chunk));
                for (int r = 0; r < cleared.Count; r++) new Span<float>(cleared[n, r], cleared.Length).Clear();
            }
            for (int r = 0; r < output.Height; r++)
            {
                for (int g = 0; g < _shape.Groups; g++)
                {
                    float* row = gradient[n, r] + g * GroupOutputs;
                    if (_weightSums is { } weightSums)
                    {
                        Gather(x, r, g, columns);
                        Gemm.Run(true, false, Steps, GroupOutputs, output.Width, columns, Steps, row, output.PixelStride, 1,
                            weightSums.Part(chunk.Part) + g * Steps * GroupOutputs, GroupOutputs);
                    }
                    if (!byData) continue;
                    Gemm.Run(false, true, output.Width, Steps, GroupOutputs, row, output.PixelStride, _packed.Pointer + g * Steps * GroupOutputs, GroupOutputs,
                        0, byColumns, Steps);
                    Scatter(dx, r, g, byColumns);
                }
            }
        }
    }

    public void Dispose()
    {
        _packed.Dispose();
        _finished.Dispose();
        _weightSums?.Dispose();
        _biasSums?.Dispose();
    }

    /// <summary>[outputs, channels, kernel] → per group [kernel, channels, outputs].</summary>
    private void Pack()
    {
        int kernel = _shape.KernelHeight * _shape.KernelWidth, channels = _shape.GroupChannels;
        for (int o = 0; o < _shape.OutputChannels; o++)
            for (int c = 0; c < channels; c++)
                for (int k = 0; k < kernel; k++)
                    _packed.Pointer[Packed(o, c, k)] = _weight.Values[(o * channels + c) * kernel + k];
    }

    private void FinishWeights()
    {
        _weightSums!.Finish(_finished.Pointer, add: false);
        int kernel = _shape.KernelHeight * _shape.KernelWidth, channels = _shape.GroupChannels;
        for (int o = 0; o < _shape.OutputChannels; o++)
        {
            for (int c = 0; c < channels; c++)
            {
                for (int k = 0; k < kernel; k++)
                {
                    int at = (o * channels + c) * kernel + k;
                    _weight.Gradient[at] = (_weight.IsShared ? _weight.Gradient[at] : 0) + _finished.Pointer[Packed(o, c, k)];
                }
            }
        }
    }

    private int Packed(int output, int channel, int kernel) =>
        ((output / GroupOutputs * _shape.KernelHeight * _shape.KernelWidth + kernel) * _shape.GroupChannels + channel) * GroupOutputs + output % GroupOutputs;

    /// <summary>columns[x, (ky, kx, channel)] of one row of windows.</summary>
    private void Gather(float* image, int row, int group, float* columns)
    {
        int channels = _shape.GroupChannels;
        for (int ox = 0; ox < _shape.OutputWidth; ox++)
        {
            for (int ky = 0; ky < _shape.KernelHeight; ky++)
            {
                for (int kx = 0; kx < _shape.KernelWidth; kx++, columns += channels)
                {
                    float* from = image + Offset(row, ox, ky, kx) + group * channels;
                    if (channels == 1) *columns = *from;
                    else new ReadOnlySpan<float>(from, channels).CopyTo(new Span<float>(columns, channels));
                }
            }
        }
    }

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
