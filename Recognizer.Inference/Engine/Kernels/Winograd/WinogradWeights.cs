using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Recognizer.Inference.Engine.Kernels.Matrices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Winograd;

/// <summary>Weights of 3×3 windows in the domain of Winograd's products.</summary>
internal static unsafe class WinogradWeights
{
    /// <summary>Floats from a point's weights to the next point's: an odd number of cache lines, since the weights of all points are written
    /// together and would otherwise share a set of the cache.</summary>
    public static nint PointStride(int panels, int channels, int panel) => ((nint)panels * channels * panel / 16 | 1) * 16;

    /// <summary>G g Gᵀ of all weights.</summary>
    /// <param name="weightsOIHW">[outputs, channels, 3, 3]; where turned, [channels, outputs, −3, −3].</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="channels">Input channels.</param>
    /// <param name="panels">Panels to fill, of two vectors of outputs.</param>
    /// <param name="packed">[points, panels, channels, panel]; outputs that don't fill a panel get zeros.</param>
    /// <param name="rows">Rows of points that are needed.</param>
    /// <param name="turned">Whether the weights are those of the convolution whose gradient by data this one gives.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Pack<TSimd, TTransform>(float* weightsOIHW, int outputs, int channels, int panels, float* packed, int rows, bool turned = false)
        where TSimd : unmanaged, ISimd<TSimd>
        where TTransform : struct, IWinogradTransform
    {
        int panel = Tile.Vectors * TSimd.Count, step = turned ? -panel : panel;
        nint point = PointStride(panels, channels, panel);
        float* transposed = ThreadScratch.Rent((long)channels * 9 * panel + 3 * TTransform.Points * 16);
        float* square = transposed + (nint)channels * 9 * panel;
        for (int j = 0; j < panels; j++)
        {
            int width = Math.Clamp(outputs - j * panel, 0, panel);
            if (width < panel) new Span<float>(transposed, channels * 9 * panel).Clear();
            if (!turned) Transposition.Run(width, channels * 9, weightsOIHW + (long)j * panel * channels * 9, channels * 9, transposed, panel);
            for (int c = 0; turned && c < channels; c++)
                Transposition.Run(width, 9, weightsOIHW + ((long)c * outputs + j * panel) * 9, 9, transposed + (nint)c * 9 * panel, panel);
            for (int c = 0; c < channels; c++)
            {
                for (int v = 0; v < panel; v += TSimd.Count)
                {
                    float* source = transposed + (nint)(turned ? c * 9 + 8 : c * 9) * panel + v;
                    float* destination = packed + ((nint)j * channels + c) * panel + v;
                    for (int x = 0; x < 3; x++) TTransform.Weights<TSimd>(source + x * step, 3 * step, square + x * TSimd.Count, 3 * TSimd.Count);
                    for (int i = 0; i < rows; i++, destination += TTransform.Points * point)
                    {
                        // The places of the points lie too far apart for the processor to foresee them.
                        for (int p = 0; p < TTransform.Points && Sse.IsSupported; p++) Sse.Prefetch0(destination + p * point + 2 * panel);
                        TTransform.Weights<TSimd>(square + i * 3 * TSimd.Count, TSimd.Count, destination, point);
                    }
                }
            }
        }
    }
}
