using Recognizer.Inference.Engine.Kernels.Winograd;

namespace Recognizer.Inference.Engine.Kernels.Convolutions;

/// <summary>Pooling that a convolution applies to its activated result.</summary>
internal enum FusedPooling
{
    None,

    /// <summary>Largest of 2×2, stride 2, no padding; an odd last row or column is dropped.</summary>
    Max2x2,

    /// <summary>Mean over all pixels.</summary>
    GlobalAverage,
}

/// <summary>How a convolution is computed.</summary>
internal enum ConvolutionAlgorithm
{
    Direct,

    /// <summary>Winograd's minimal filtering F(2×2, 3×3): 16 multiplications for 36.</summary>
    Winograd2,

    /// <summary>F(4×4, 3×3): 36 multiplications for 144.</summary>
    Winograd4,

    /// <summary>F(7×7, 3×3): 81 multiplications for 441; beside it or alone, where that fits better, F(5×5, 3×3), F(3×3, 3×3) and tiles of two of these sizes.</summary>
    Winograd7,
}

/// <summary>What happens to a convolution's sums: y = pool(activation(conv + bias + residual)).</summary>
/// <param name="Activation">Applied to each sum.</param>
/// <param name="Pooling">Applied last.</param>
/// <param name="AddResidual">Whether there is a residual.</param>
/// <param name="ResidualBorder">Border of the residual in pixels; null for that of the result.</param>
internal readonly record struct Epilogue(Activation Activation, FusedPooling Pooling = FusedPooling.None, bool AddResidual = false, int? ResidualBorder = null);

/// <summary>A two-dimensional convolution as ONNX's Conv means it; strides, dilations and pads in pixels.</summary>
internal readonly record struct ConvolutionShape(
    ImageShape Input,
    int OutputChannels,
    int KernelHeight,
    int KernelWidth,
    int StrideY = 1,
    int StrideX = 1,
    int PadTop = 0,
    int PadLeft = 0,
    int PadBottom = 0,
    int PadRight = 0,
    int DilationY = 1,
    int DilationX = 1,
    int Groups = 1)
{
    /// <summary>Rows before fused pooling.</summary>
    public int OutputHeight => (Input.Height + PadTop + PadBottom - DilationY * (KernelHeight - 1) - 1) / StrideY + 1;

    /// <summary>Columns before fused pooling.</summary>
    public int OutputWidth => (Input.Width + PadLeft + PadRight - DilationX * (KernelWidth - 1) - 1) / StrideX + 1;

    /// <summary>Input channels that one output channel sees.</summary>
    public int GroupChannels => Input.Channels / Groups;

    /// <summary>Floats of the weights [OutputChannels, GroupChannels, KernelHeight, KernelWidth].</summary>
    public int WeightLength => OutputChannels * GroupChannels * KernelHeight * KernelWidth;
}
