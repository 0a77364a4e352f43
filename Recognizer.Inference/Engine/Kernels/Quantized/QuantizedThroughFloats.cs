using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Quantized;

/// <summary>A convolution of levels by the float kernels, where all partial sums are integers that floats hold exactly: for one input channel and for groups.</summary>
internal sealed unsafe class QuantizedThroughFloats<TSimd> : QuantizedConvolution where TSimd : unmanaged, ISimd<TSimd>
{
    private readonly Convolution _convolution;

    // Sums are pooled by the convolution itself where nothing is added to them, else in another image.
    private readonly bool _poolsLate;

    public QuantizedThroughFloats(in ConvolutionShape shape, in QuantizedEpilogue epilogue, ImageShape output, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias,
        ReadOnlySpan<float> scales, SimdLevel level)
        : base(shape, epilogue, output, scales)
    {
        var floats = new float[weights.Length];
        for (int i = 0; i < floats.Length; i++) floats[i] = weights[i];
        var biases = new float[bias.Length];
        for (int i = 0; i < biases.Length; i++) biases[i] = bias[i];
        _poolsLate = epilogue is { Pool: true, Sum: not null };
        _convolution = Convolution.Create(shape, new Epilogue(default, epilogue.Pool && !_poolsLate ? FusedPooling.Max2x2 : FusedPooling.None), _poolsLate ? Residual : output,
            ConvolutionAlgorithm.Direct, floats, biases, level);
    }

    public override string Algorithm => "Direct int8 in floats";

    public override long ScratchLength(int images) => _convolution.ScratchLength(1) + (_poolsLate ? Residual.ImageStride + 16 : 0);

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public override void Run(float* input, float* output, float* residual, int images, float* scratch)
    {
        ImageShape sums = _poolsLate ? Residual : Output;
        for (int n = 0; n < images; n++, input += Shape.Input.ImageStride, output += Output.ImageStride)
        {
            float* image = _poolsLate ? scratch + (_convolution.ScratchLength(1) + 15) / 16 * 16 : output;
            _convolution.Run(input, image, null, 1, scratch);
            for (int y = 0; y < sums.Height; y++)
            {
                float* row = image + sums.Origin + (nint)y * sums.RowStride;
                float* added = residual == null ? null : residual + Residual.Origin + (nint)y * Residual.RowStride;
                Requantize<FloatSums<TSimd>, TSimd>(row, added, row, sums.Width, sums.PixelStride);
                if (_poolsLate && (y & 1) == 1)
                {
                    RowEpilogue.MaxPool<TSimd>(row - sums.RowStride, row, sums.PixelStride, output + Output.Origin + (nint)(y / 2) * Output.RowStride, Output.PixelStride,
                        Output.Width, Output.PixelStride);
                }
            }
            if (residual != null) residual += Residual.ImageStride;
        }
        GC.KeepAlive(this);
    }

    public override void Dispose()
    {
        base.Dispose();
        _convolution.Dispose();
    }
}
