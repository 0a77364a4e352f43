using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Simd;
using Recognizer.Inference.Engine.Kernels.Winograd;

namespace Recognizer.Inference.Engine.Kernels.Quantized;

/// <summary>How a convolution of levels is computed.</summary>
internal enum QuantizedAlgorithm
{
    /// <summary>Winograd's F(4×4, 3×3) and F(3×3, 3×3) in integers: 36 multiplications of 16 bits for 144; windows of up to 6×6 as sums of 3×3.</summary>
    Winograd,

    /// <summary>Directly, four bytes in an instruction and lane, with AVX-VNNI.</summary>
    Quads,

    /// <summary>Directly, two integers of 16 bits in an instruction and lane.</summary>
    Pairs,

    /// <summary>Directly, in floats: for one input channel, groups, and where most of a vector of pairs would be empty.</summary>
    Floats,
}

/// <summary>A convolution of 8-bit levels by 8-bit weights with exact integer sums, so that no choice of algorithm, instructions or batch changes a bit of
/// the result: levels = pool(add(round(scale · (conv(levels) + bias)), residual)). Levels are floats in the layout of <see cref="ImageShape"/>.</summary>
internal abstract unsafe class QuantizedConvolution : IImageKernel
{
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
        Residual = new(shape.OutputHeight, shape.OutputWidth, shape.OutputChannels, epilogue.ResidualBorder ?? output.Border);
        _scales = new AlignedBuffer<float>((shape.OutputChannels + 31) / 32 * 32);
        scales.CopyTo(_scales.Span);
    }

    protected float* Scales => _scales.Pointer;

    /// <summary>Whether some algorithm has room for the sums of a convolution; a single output channel, whose results aren't padded to a vector, is left to floats.</summary>
    /// <param name="shape">The convolution.</param>
    /// <param name="weightsOIHW">Its weights.</param>
    /// <param name="bias">[OutputChannels], or empty.</param>
    public static bool Supports(in ConvolutionShape shape, ReadOnlySpan<sbyte> weightsOIHW, ReadOnlySpan<int> bias) =>
        shape.OutputChannels > 1 && SumBound.Of(weightsOIHW, bias, shape.OutputChannels) <= (UsesFloats(shape) ? ExactFloats : int.MaxValue);

    /// <summary>The algorithms that are exact and whose instructions there are, the one that is expected to be fastest first.</summary>
    /// <param name="shape">A convolution that is supported.</param>
    /// <param name="weightsOIHW">Its weights.</param>
    /// <param name="bias">[OutputChannels], or empty.</param>
    /// <param name="winograd">Whether Winograd's algorithm is allowed.</param>
    /// <param name="level">Instructions to use.</param>
    /// <param name="margin">Estimated time that is taken seriously, as a multiple of the least; 1 takes only the best.</param>
    public static IReadOnlyList<QuantizedAlgorithm> Candidates(in ConvolutionShape shape, ReadOnlySpan<sbyte> weightsOIHW, ReadOnlySpan<int> bias, bool winograd, SimdLevel level, double margin)
    {
        long largest = SumBound.Of(weightsOIHW, bias, shape.OutputChannels);
        var costs = new List<(QuantizedAlgorithm Algorithm, double Cost)>();
        foreach (QuantizedAlgorithm algorithm in Enum.GetValues<QuantizedAlgorithm>())
        {
            if ((winograd || algorithm != QuantizedAlgorithm.Winograd) && Runs(algorithm, level) && IsExact(shape, algorithm, largest)) costs.Add((algorithm, Cost(shape, algorithm, level)));
        }
        double least = costs.Min(c => c.Cost);
        return [.. costs.Where(c => c.Cost <= margin * least).OrderBy(c => c.Cost).Select(c => c.Algorithm)];
    }

    /// <summary>Packs weights.</summary>
    /// <param name="shape">The convolution. Its input's border is at least as wide as the padding.</param>
    /// <param name="epilogue">What follows it.</param>
    /// <param name="output">Layout of the result, after pooling.</param>
    /// <param name="low">Lowest level of the input.</param>
    /// <param name="weightsOIHW">[OutputChannels, InputChannels / Groups, KernelHeight, KernelWidth].</param>
    /// <param name="bias">[OutputChannels], added to the sums; or empty.</param>
    /// <param name="scales">[OutputChannels]: from sums to levels of the result.</param>
    /// <param name="algorithm">One of the candidates.</param>
    /// <param name="level">Instructions to use.</param>
    public static QuantizedConvolution Create(in ConvolutionShape shape, in QuantizedEpilogue epilogue, ImageShape output, int low, ReadOnlySpan<sbyte> weightsOIHW,
        ReadOnlySpan<int> bias, ReadOnlySpan<float> scales, QuantizedAlgorithm algorithm, SimdLevel level)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(weightsOIHW.Length, shape.WeightLength);
        if (!Runs(algorithm, level) || !IsExact(shape, algorithm, SumBound.Of(weightsOIHW, bias, shape.OutputChannels)))
            throw new ArgumentException($"{algorithm} can't compute {shape} with these weights exactly on {level}.", nameof(algorithm));
        return level switch
        {
            SimdLevel.Avx512 => Create<Integer512, Simd512>(shape, epilogue, output, low, weightsOIHW, bias, scales, algorithm, level),
            SimdLevel.Avx2 => Create<Integer256, Simd256>(shape, epilogue, output, low, weightsOIHW, bias, scales, algorithm, level),
            SimdLevel.Vector128 => Create<Integer128, Simd128>(shape, epilogue, output, low, weightsOIHW, bias, scales, algorithm, level),
            _ => Create<IntegerScalar, SimdScalar>(shape, epilogue, output, low, weightsOIHW, bias, scales, algorithm, level),
        };
    }

    public abstract long ScratchLength(int images);

    /// <summary>Short name of the algorithm.</summary>
    public abstract string Algorithm { get; }

    /// <summary>Tiles of an image that share a reading of the weights; 0 without tiles.</summary>
    public virtual int Tiles => 0;

    public abstract void Run(float* input, float* output, float* residual, int images, float* scratch);

    public virtual void Dispose() => _scales.Dispose();

    private static bool UsesFloats(in ConvolutionShape shape) => shape.Groups > 1 || shape.Input.Channels == 1;

    private static bool Runs(QuantizedAlgorithm algorithm, SimdLevel level) => algorithm != QuantizedAlgorithm.Quads || (AvxVnni.IsSupported && level >= SimdLevel.Avx2);

    private static bool IsExact(in ConvolutionShape shape, QuantizedAlgorithm algorithm, long largestSum) => shape.OutputChannels > 1 && algorithm switch
    {
        QuantizedAlgorithm.Floats => largestSum <= ExactFloats,
        QuantizedAlgorithm.Winograd => QuantizedWinograd<IntegerScalar, SimdScalar>.Supports(shape) && largestSum <= QuantizedWinograd<IntegerScalar, SimdScalar>.MostSum,
        _ => !UsesFloats(shape) && largestSum <= int.MaxValue,
    };

    // Time in instructions that multiply. The others' share is measured: the transforms take 20 a pixel and vector, in and out, and floats are added with less delay.
    private static double Cost(in ConvolutionShape shape, QuantizedAlgorithm algorithm, SimdLevel level)
    {
        int lanes = InstructionSet.Count(level), outputs = ImageShape.Padded(shape.OutputChannels), pixels = shape.OutputHeight * shape.OutputWidth;
        int parts = new WindowParts(shape).Count;
        double direct = (double)pixels * shape.KernelHeight * shape.KernelWidth * outputs;
        return algorithm switch
        {
            QuantizedAlgorithm.Winograd => (double)QuantizedWinograd<IntegerScalar, SimdScalar>.Products(shape) * parts * IntegerSimd.Pairs(shape.Input.PixelStride, lanes) * outputs / lanes
                + 20.0 * pixels * (parts * shape.Input.PixelStride + outputs) / lanes,
            QuantizedAlgorithm.Quads => direct * QuadWords.UsedWords(shape.Input.Channels) / Quad256.Count,
            QuantizedAlgorithm.Pairs => direct * IntegerSimd.Pairs(shape.Input.Channels, lanes) / lanes,
            _ => 0.85 * direct * shape.GroupChannels / lanes,
        };
    }

    private static QuantizedConvolution Create<TInteger, TSimd>(in ConvolutionShape shape, in QuantizedEpilogue epilogue, ImageShape output, int low, ReadOnlySpan<sbyte> weights,
        ReadOnlySpan<int> bias, ReadOnlySpan<float> scales, QuantizedAlgorithm algorithm, SimdLevel level)
        where TInteger : unmanaged, IIntegerSimd<TInteger, TSimd>
        where TSimd : unmanaged, ISimd<TSimd> => algorithm switch
    {
        QuantizedAlgorithm.Winograd => new QuantizedWinograd<TInteger, TSimd>(shape, epilogue, output, weights, bias, scales),
        QuantizedAlgorithm.Quads => new QuantizedDirect<QuadWords, Quad256, TInteger, TSimd>(shape, epilogue, output, low, weights, bias, scales),
        QuantizedAlgorithm.Pairs => new QuantizedDirect<PairWords<TInteger, TSimd>, TInteger, TInteger, TSimd>(shape, epilogue, output, low, weights, bias, scales),
        _ => new QuantizedThroughFloats<TSimd>(shape, epilogue, output, weights, bias, scales, level),
    };

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
