using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Training.Differentiation.Kernels;

/// <summary>Maximum of 2×2 pixels, stride 2, over one image, vectors along the channels. Which pixel it was is kept as a number: 0 to 3
/// row by row, the first among equals.</summary>
internal static unsafe class MaxPool2x2Kernels
{
    /// <summary>The number where no pixel was above zero and ReLU came before, so that none gets a gradient.</summary>
    private const float None = 4;

    /// <summary>y = max of four; choices = which.</summary>
    /// <param name="relu">Whether the values are results of ReLU.</param>
    /// <param name="choices">[y.Height, y.Width, PixelStride] without border.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Forward<T>(in PixelGrid x, in PixelGrid y, int image, bool relu, float* choices) where T : unmanaged, ISimd<T>
    {
        int stride = x.PixelStride;
        T one = T.Broadcast(1), two = T.Broadcast(2), three = T.Broadcast(3), none = T.Broadcast(None);
        T floor = relu ? T.Zero : T.Broadcast(float.NegativeInfinity);
        for (int r = 0; r < y.Height; r++)
        {
            float* upper = x.Row(image, 2 * r), lower = x.Row(image, 2 * r + 1), to = y.Row(image, r);
            for (int i = 0; i < y.Width; i++, upper += 2 * stride, lower += 2 * stride, to += y.PixelStride, choices += stride)
            {
                for (int c = 0; c < stride; c += T.Count)
                {
                    T a = T.Load(upper + c), b = T.Load(upper + stride + c), d = T.Load(lower + c), e = T.Load(lower + stride + c);
                    T largest = T.Max(T.Max(a, b), T.Max(d, e));
                    T choice = T.Select(T.Equal(a, largest), T.Zero, T.Select(T.Equal(b, largest), one, T.Select(T.Equal(d, largest), two, three)));
                    T.Store(largest, to + c);
                    T.Store(T.Select(T.GreaterThan(largest, floor), choice, none), choices + c);
                }
            }
        }
    }

    /// <summary>Gives the gradient of each result to the pixel that was chosen; all others become 0 or stay as they are.</summary>
    /// <param name="add">Whether to add.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Backward<T>(in PixelGrid result, in PixelGrid gradient, int image, float* choices, bool add) where T : unmanaged, ISimd<T>
    {
        int stride = result.PixelStride;
        T one = T.Broadcast(1), two = T.Broadcast(2), three = T.Broadcast(3);
        for (int r = 0; r < gradient.Height; r++)
        {
            float* upper = result.Row(image, 2 * r), lower = result.Row(image, 2 * r + 1), from = gradient.Row(image, r);
            for (int i = 0; i < gradient.Width; i++, upper += 2 * stride, lower += 2 * stride, from += gradient.PixelStride, choices += stride)
            {
                for (int c = 0; c < stride; c += T.Count)
                {
                    T g = T.Load(from + c), choice = T.Load(choices + c);
                    Put(upper + c, T.Select(T.Equal(choice, T.Zero), g, T.Zero), add);
                    Put(upper + stride + c, T.Select(T.Equal(choice, one), g, T.Zero), add);
                    Put(lower + c, T.Select(T.Equal(choice, two), g, T.Zero), add);
                    Put(lower + stride + c, T.Select(T.Equal(choice, three), g, T.Zero), add);
                }
            }
        }
        if (add) return;
        for (int r = 0; r < result.Height; r++)
        {
            int first = r < 2 * gradient.Height ? 2 * gradient.Width : 0;
            new Span<float>(result.Row(image, r) + first * stride, (result.Width - first) * stride).Clear();
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Put(float* to, T value, bool add) => T.Store(add ? T.Load(to) + value : value, to);
    }
}
