using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Winograd;

/// <summary>The one-dimensional transforms of Winograd's minimal filtering F(m, 3), each on a line of vectors in memory. Two-dimensional
/// transforms apply them down the columns, then along the rows.
/// <para>With points a₁ … a₍m₊₁₎ and ∞, M(x) = Π (x − aᵢ) and Nᵢ = M′(aᵢ): the outputs are y = Aᵀ [(G g) ⊙ (Bᵀ d)], where row i of G is
/// [1, aᵢ, aᵢ²] / Nᵢ, row i of Bᵀ holds the coefficients of M(x) / (x − aᵢ), and column i of Aᵀ is [1, aᵢ, aᵢ², …]. For ∞ they are [0, 0, 1], the
/// coefficients of M, and [0, …, 0, 1]. This is Toom and Cook's polynomial product, transposed. Points in pairs ±a share the even and
/// the odd powers.</para>
/// <para>Images that tiles of m outputs don't fit have smaller ones beside them, which need fewer points: the first ones of the large tiles, so that all share the transformed weights. What
/// their Nᵢ differ by, Π (aᵢ − aⱼ) over the points aⱼ that they leave out, is in their Bᵀ.</para></summary>
internal unsafe interface IWinogradTransform
{
    /// <summary>Outputs, in one dimension, of the kinds of tiles that there are: m, and less.</summary>
    static abstract ReadOnlySpan<int> Kinds { get; }

    /// <summary>m: outputs of a tile of the largest kind in one dimension.</summary>
    static abstract int Outputs { get; }

    /// <summary>m + 2: inputs of such a tile, and products, in one dimension.</summary>
    static abstract int Points { get; }

    /// <summary>Bᵀ: two more inputs than a tile has outputs to as many points, for a number of lines.</summary>
    static abstract void Input<TSimd>(int outputs, float* source, nint sourceStride, nint sourceStep, float* destination, nint destinationStride, nint destinationStep, int lines)
        where TSimd : unmanaged, ISimd<TSimd>;

    /// <summary>Aᵀ: two more products than a tile has outputs to the outputs, plus the bias, then what <typeparamref name="TFinish"/> does to an output, for a number of lines.</summary>
    static abstract void Output<TSimd, TFinish>(int outputs, in OutputLines lines, in FinishArguments<TSimd> finish)
        where TSimd : unmanaged, ISimd<TSimd>
        where TFinish : struct, IFinish;

    /// <summary>G: 3 weights to m + 2 points.</summary>
    static abstract void Weights<TSimd>(float* source, nint sourceStride, float* destination, nint destinationStride)
        where TSimd : unmanaged, ISimd<TSimd>;

    /// <summary>A: gradients of a tile's outputs to gradients of its products, two more.</summary>
    static abstract void OutputGradient<TSimd>(int outputs, float* source, nint sourceStride, float* destination, nint destinationStride)
        where TSimd : unmanaged, ISimd<TSimd>;

    /// <summary>Gᵀ: gradients of m + 2 points to gradients of 3 weights.</summary>
    static abstract void WeightGradient<TSimd>(float* source, nint sourceStride, float* destination, nint destinationStride)
        where TSimd : unmanaged, ISimd<TSimd>;
}

/// <summary>Lines of products and where their outputs go.</summary>
internal unsafe struct OutputLines
{
    /// <summary>Lines.</summary>
    public int Count;

    /// <summary>First product of the first line.</summary>
    public float* Source;

    /// <summary>Floats between the products of a line, and between lines.</summary>
    public nint SourceStride, SourceStep;

    /// <summary>Where each line's outputs start, <see cref="Offset"/> floats before the first.</summary>
    public float** Destinations;

    public nint Offset;

    /// <summary>Floats between the outputs of a line.</summary>
    public nint DestinationStride;
}

/// <summary>What a finishing step needs: bias, bounds, and where the residual lies.</summary>
internal unsafe struct FinishArguments<TSimd> where TSimd : unmanaged, ISimd<TSimd>
{
    public TSimd Bias, Floor, Ceiling;

    /// <summary>Residual of the first output of the first line.</summary>
    public float* Residual;

    /// <summary>Floats between the residuals of a line, and between lines.</summary>
    public nint ResidualStride, ResidualStep;
}

/// <summary>Last step on an output that is still in a register.</summary>
internal unsafe interface IFinish
{
    static abstract TSimd Finish<TSimd>(TSimd value, TSimd floor, TSimd ceiling, float* residual) where TSimd : unmanaged, ISimd<TSimd>;
}
