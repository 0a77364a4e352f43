using Recognizer.Inference.Engine.Kernels.Convolutions;

namespace Recognizer.Inference.Engine.Kernels.Winograd;

/// <summary>How the window of a convolution is the sum of one, two or four windows of 3×3, for which Winograd's algorithm has transforms. The last part of a dimension ends with the window, so that
/// no input beyond it is read; what it has in common with the first belongs to that.</summary>
/// <param name="Height">Rows of the window, 3 … 6.</param>
/// <param name="Width">Columns of the window, 3 … 6.</param>
internal readonly record struct WindowParts(int Height, int Width)
{
    /// <summary>Rows and columns of a part.</summary>
    public const int Side = 3;

    public WindowParts(in ConvolutionShape shape) : this(shape.KernelHeight, shape.KernelWidth)
    {
    }

    /// <summary>Whether the window is the sum of such parts.</summary>
    public bool Fit => Math.Min(Height, Width) >= Side && Math.Max(Height, Width) <= 2 * Side;

    /// <summary>Number of parts.</summary>
    public int Count => Along(Height) * Along(Width);

    /// <summary>First row and column of a part.</summary>
    public (int Top, int Left) Start(int part)
    {
        (int y, int x) = Math.DivRem(part, Along(Width));
        return (y == 0 ? 0 : Height - Side, x == 0 ? 0 : Width - Side);
    }

    /// <summary>First row and column within a part whose weights belong to it.</summary>
    public (int Top, int Left) OwnStart(int part)
    {
        (int y, int x) = Math.DivRem(part, Along(Width));
        return (y == 0 ? 0 : 2 * Side - Height, x == 0 ? 0 : 2 * Side - Width);
    }

    /// <summary>Takes a part out of a window: zeros where a weight belongs to another part.</summary>
    /// <param name="window">[<see cref="Height"/>, <see cref="Width"/>].</param>
    /// <param name="part">Number of the part.</param>
    /// <param name="weights">[3, 3].</param>
    public void Extract<T>(ReadOnlySpan<T> window, int part, Span<T> weights) where T : unmanaged
    {
        (int top, int left) = Start(part);
        (int ownTop, int ownLeft) = OwnStart(part);
        for (int y = 0; y < Side; y++)
        {
            for (int x = 0; x < Side; x++) weights[y * Side + x] = y < ownTop || x < ownLeft ? default : window[(top + y) * Width + left + x];
        }
    }

    private static int Along(int size) => (size + Side - 1) / Side;
}
