using System.Runtime.CompilerServices;

namespace Recognizer.Inference.Engine.Kernels;

/// <summary>A convolution of 8-bit levels by 8-bit weights with exact integer sums, so that no choice of algorithm, instructions or batch changes a bit of
/// the result: levels = pool(add(round(scale · (conv(levels) + bias)), residual)). Levels are floats in the layout of <see cref="ImageShape"/>.</summary>
internal abstract unsafe class QuantizedConvolution : IDisposable
{
    /// <summary>Largest magnitude of a level.</summary>
    private const long MostLevel = 255;

    // Floats add integers up to here exactly.
    private const long ExactFloats = 1 << 24;

    public readonly ConvolutionShape Shape;

    protected readonly QuantizedEpilogue Epilogue;

    /// <summary>Layout of the result, after pooling.</summary>
    protected readonly ImageShape Output;

    /// <summary>Layout of the residual, which is added before pooling.</summary>
    protected readonly ImageShape Residual;

    // From sums to levels, padded to whole panels.
    private readonly AlignedBuffer<float> _scales;

    protected QuantizedConvolution(in ConvolutionShape shape, in QuantizedEpilogue epilogue, ImageShape output, ReadOnlySpan<float> scales)
    {
        (Shape, Epilogue, Output) = (shape, epilogue, output);
        Residual = new(shape.OutputHeight, shape.OutputWidth, shape.OutputChannels, output.Border);
        _scales = new AlignedBuffer<float>((shape.OutputChannels + 31) / 32 * 32);
        scales.CopyTo(_scales.Span);
    }

    protected float* Scales => _scales.Pointer;

    /// <summary>Whether some algorithm has room for the sums of a convolution.</summary>
    /// <param name="shape">The convolution.</param>
    /// <param name="weightsOIHW">Its weights.</param>
    /// <param name="bias">[OutputChannels], or empty.</param>
    public static bool Supports(in ConvolutionShape shape, ReadOnlySpan<sbyte> weightsOIHW, ReadOnlySpan<int> bias) =>
        LargestSum(shape, weightsOIHW, bias) <= (UsesFloats(shape) ? ExactFloats : int.MaxValue);

    /// <summary>Packs weights for the fastest algorithm that is exact.</summary>
    /// <param name="shape">The convolution. Its input's border is at least as wide as the padding.</param>
    /// <param name="epilogue">What follows it.</param>
    /// <param name="output">Layout of the result, after pooling.</param>
    /// <param name="weightsOIHW">[OutputChannels, InputChannels / Groups, KernelHeight, KernelWidth].</param>
    /// <param name="bias">[OutputChannels], added to the sums; or empty.</param>
    /// <param name="scales">[OutputChannels]: from sums to levels of the result.</param>
    /// <param name="winograd">Whether Winograd's algorithm is allowed.</param>
    /// <param name="level">Instructions to use.</param>
    public static QuantizedConvolution Create(in ConvolutionShape shape, in QuantizedEpilogue epilogue, ImageShape output, ReadOnlySpan<sbyte> weightsOIHW,
        ReadOnlySpan<int> bias, ReadOnlySpan<float> scales, bool winograd, SimdLevel level)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(weightsOIHW.Length, shape.WeightLength);
        if (!Supports(shape, weightsOIHW, bias)) throw new ArgumentException($"The sums of {shape} may be too large.", nameof(weightsOIHW));
        long largest = LargestSum(shape, weightsOIHW, bias);
        bool transforms = winograd && largest <= QuantizedWinograd<IntegerScalar, SimdScalar>.MostSum && Convolution.Supports(shape, ConvolutionAlgorithm.Winograd4);
        // Few channels leave much of a vector of pairs empty.
        if (UsesFloats(shape) || (!transforms && shape.Input.Channels % ImageShape.ChannelBlock != 0 && largest <= ExactFloats))
        {
            return level switch
            {
                SimdLevel.Avx512 => new QuantizedThroughFloats<Simd512>(shape, epilogue, output, weightsOIHW, bias, scales, level),
                SimdLevel.Avx2 => new QuantizedThroughFloats<Simd256>(shape, epilogue, output, weightsOIHW, bias, scales, level),
                SimdLevel.Vector128 => new QuantizedThroughFloats<Simd128>(shape, epilogue, output, weightsOIHW, bias, scales, level),
                _ => new QuantizedThroughFloats<SimdScalar>(shape, epilogue, output, weightsOIHW, bias, scales, level),
            };
        }
        return level switch
        {
            SimdLevel.Avx512 => Integers<Integer512, Simd512>(shape, epilogue, output, weightsOIHW, bias, scales, transforms),
            SimdLevel.Avx2 => Integers<Integer256, Simd256>(shape, epilogue, output, weightsOIHW, bias, scales, transforms),
            SimdLevel.Vector128 => Integers<Integer128, Simd128>(shape, epilogue, output, weightsOIHW, bias, scales, transforms),
            _ => Integers<IntegerScalar, SimdScalar>(shape, epilogue, output, weightsOIHW, bias, scales, transforms),
        };
    }

    /// <summary>Floats of scratch that a run of some images needs.</summary>
    public abstract long ScratchLength(int images);

    /// <summary>Short name of the algorithm.</summary>
    public abstract string Algorithm { get; }

    /// <summary>Tiles of an image that share a reading of the weights; 0 without tiles.</summary>
    public virtual int Tiles => 0;

    /// <summary>Convolves images.</summary>
    /// <param name="input">Start of the first image, border included; the border is zero.</param>
    /// <param name="output">Start of the first result; only its interior is written, padding channels with finite values.</param>
    /// <param name="residual">Start of the first residual, with the border of the output, or null.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="scratch"><see cref="ScratchLength"/> floats of any content, aligned to 64 bytes.</param>
    public abstract void Run(float* input, float* output, float* residual, int images, float* scratch);

    public virtual void Dispose() => _scales.Dispose();

    private static bool UsesFloats(in ConvolutionShape shape) => shape.Groups > 1 || shape.Input.Channels == 1;

    private static long LargestSum(in ConvolutionShape shape, ReadOnlySpan<sbyte> weights, ReadOnlySpan<int> bias)
    {
        int each = weights.Length / shape.OutputChannels;
        long largest = 0;
        for (int o = 0; o < shape.OutputChannels; o++)
        {
            long sum = bias.Length == 0 ? 0 : Math.Abs((long)bias[o]);
            foreach (sbyte weight in weights.Slice(o * each, each)) sum += MostLevel * Math.Abs((int)weight);
            largest = Math.Max(largest, sum);
        }
        return largest;
    }

    private static QuantizedConvolution Integers<TInteger, TSimd>(in ConvolutionShape shape, in QuantizedEpilogue epilogue, ImageShape output, ReadOnlySpan<sbyte> weights,
        ReadOnlySpan<int> bias, ReadOnlySpan<float> scales, bool winograd)
        where TInteger : unmanaged, IIntegerSimd<TInteger, TSimd>
        where TSimd : unmanaged, ISimd<TSimd> =>
        winograd ? new QuantizedWinograd<TInteger, TSimd>(shape, epilogue, output, weights, bias, scales)
            : new QuantizedDirect<TInteger, TSimd>(shape, epilogue, output, weights, bias, scales);

    /// <summary>Levels of a row of sums, with the residual added.</summary>
    /// <param name="sums">[pixels, channels]</param>
    /// <param name="residual">Laid out like the sums, or null.</param>
    /// <param name="levels">May be the sums.</param>
    /// <param name="pixels">Pixels.</param>
    /// <param name="channels">Floats between pixels.</param>
    /// <typeparam name="TSums">How sums are read.</typeparam>
    /// <typeparam name="TSimd">Vector of floats.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    protected void Requantize<TSums, TSimd>(float* sums, float* residual, float* levels, int pixels, int channels)
        where TSums : struct, ISumReader<TSimd>
        where TSimd : unmanaged, ISimd<TSimd>
    {
        var arithmetic = new LevelArithmetic<TSimd>(Epilogue);
        for (int c = 0; c < channels; c += TSimd.Count)
        {
            TSimd scale = TSimd.Load(Scales + c);
            for (nint i = c, p = 0; p < pixels; p++, i += channels)
            {
                TSimd level = arithmetic.Levels(TSums.Read(sums + i), scale);
                if (residual != null) level = arithmetic.Add(level, TSimd.Load(residual + i));
                TSimd.Store(level, levels + i);
            }
        }
    }
}

/// <summary>Reads sums that are stored as floats or as integers.</summary>
internal unsafe interface ISumReader<TSimd> where TSimd : unmanaged, ISimd<TSimd>
{
    static abstract TSimd Read(float* sums);
}

internal readonly unsafe struct FloatSums<TSimd> : ISumReader<TSimd> where TSimd : unmanaged, ISimd<TSimd>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Read(float* sums) => TSimd.Load(sums);
}

internal readonly unsafe struct IntegerSums<TInteger, TSimd> : ISumReader<TSimd>
    where TInteger : unmanaged, IIntegerSimd<TInteger, TSimd>
    where TSimd : unmanaged, ISimd<TSimd>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TSimd Read(float* sums) => TInteger.ToFloats(TInteger.Load(sums));
}
