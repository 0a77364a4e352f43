using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Training.Differentiation.Kernels;

/// <summary>Passes of batch normalisation over the pixels of one image, with ReLU, residual addition and 2×2 maximum pooling fused. Vectors run
/// along the channels, so that every number that belongs to a channel stays in its lane; with <see cref="SimdScalar"/> each kernel is its
/// own scalar twin. Channel counts are multiples of the vector width.</summary>
internal static unsafe class BatchNormKernels
{
    /// <summary>sums[c] += Σ (x − shift), squares[c] += Σ (x − shift)² over the pixels of an image.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Moments<T>(in PixelGrid x, int image, float* shift, float* sums, float* squares) where T : unmanaged, ISimd<T>
    {
        for (int r = 0; r < x.Height; r++)
        {
            float* row = x.Row(image, r);
            for (int c = 0; c < x.PixelStride; c += T.Count)
            {
                T k = T.Load(shift + c), sum = T.Zero, square = T.Zero;
                float* p = row + c;
                for (int i = 0; i < x.Width; i++, p += x.PixelStride)
                {
                    T d = T.Load(p) - k;
                    sum += d;
                    square = T.MultiplyAdd(d, d, square);
                }
                T.Store(T.Load(sums + c) + sum, sums + c);
                T.Store(T.Load(squares + c) + square, squares + c);
            }
        }
    }

    /// <summary>y = max(floor, scale · x + offset + residual).</summary>
    /// <param name="hasResidual">Whether <paramref name="residual"/> is added.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Apply<T>(in PixelGrid x, in PixelGrid y, in PixelGrid residual, bool hasResidual, int image, float* scale, float* offset, float floor)
        where T : unmanaged, ISimd<T>
    {
        T low = T.Broadcast(floor);
        int stride = x.PixelStride, end = x.Width * stride;
        long ahead = x.RowStride;
        for (int r = 0; r < x.Height; r++)
        {
            float* from = x.Row(image, r), to = y.Row(image, r);
            float* added = hasResidual ? residual.Row(image, r) : from;
            int first = 0;
            // Two vectors of channels at a time, so that what is read together lies together.
            for (; first <= stride - 2 * T.Count && !hasResidual; first += 2 * T.Count)
            {
                T a = T.Load(scale + first), b = T.Load(offset + first), a2 = T.Load(scale + first + T.Count), b2 = T.Load(offset + first + T.Count);
                for (int at = first; at < end; at += stride)
                {
                    Prefetch(from + at + ahead);
                    Prefetch(from + at + ahead + T.Count);
                    T.Store(T.Max(low, T.MultiplyAdd(T.Load(from + at), a, b)), to + at);
                    T.Store(T.Max(low, T.MultiplyAdd(T.Load(from + at + T.Count), a2, b2)), to + at + T.Count);
                }
            }
            // The other channels of a pixel one after the other: with several arrays that beats keeping numbers in registers.
            for (int at = first, c = first; first < stride && at < end; at += T.Count)
            {
                Prefetch(from + at + ahead);
                Prefetch(added + at + ahead);
                T z = T.MultiplyAdd(T.Load(from + at), T.Load(scale + c), T.Load(offset + c));
                if (hasResidual) z += T.Load(added + at);
                T.Store(T.Max(low, z), to + at);
                c += T.Count;
                if (c < stride) continue;
                c = first;
                at += first;
            }
        }
    }

    /// <summary>y = the largest of max(0, scale · x + offset) in 2×2 pixels; an odd last row or column is left out.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void ApplyPooled<T>(in PixelGrid x, in PixelGrid y, int image, float* scale, float* offset) where T : unmanaged, ISimd<T>
    {
        int stride = x.PixelStride;
        long ahead = 2 * x.RowStride;
        for (int r = 0; r < y.Height; r++)
        {
            float* upper = x.Row(image, 2 * r), lower = x.Row(image, 2 * r + 1), to = y.Row(image, r);
            for (int i = 0; i < y.Width; i++, upper += 2 * stride, lower += 2 * stride, to += y.PixelStride)
            {
                for (int c = 0; c < stride; c += T.Count)
                {
                    T a = T.Load(scale + c), b = T.Load(offset + c);
                    Prefetch(upper + c + ahead);
                    Prefetch(upper + stride + c + ahead);
                    Prefetch(lower + c + ahead);
                    Prefetch(lower + stride + c + ahead);
                    T z00 = T.MultiplyAdd(T.Load(upper + c), a, b), z01 = T.MultiplyAdd(T.Load(upper + stride + c), a, b);
                    T z10 = T.MultiplyAdd(T.Load(lower + c), a, b), z11 = T.MultiplyAdd(T.Load(lower + stride + c), a, b);
                    T.Store(T.Max(T.Zero, T.Max(T.Max(z00, z01), T.Max(z10, z11))), to + c);
                }
            }
        }
    }

    /// <summary>sums[c] += Σ g, products[c] += Σ g (x − mean), where g is the gradient of the output of <see cref="Apply{T}"/> masked by
    /// ReLU: with a residual g counts where y &gt; 0, else where scale · x + offset &gt; floor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void GradientSums<T>(in PixelGrid x, in PixelGrid gradient, in PixelGrid y, bool maskByOutput, int image, float* mean, float* scale,
        float* offset, float floor, float* sums, float* products) where T : unmanaged, ISimd<T>
    {
        T low = T.Broadcast(floor);
        int stride = x.PixelStride, end = x.Width * stride;
        long ahead = x.RowStride;
        for (int r = 0; r < x.Height; r++)
        {
            float* xs = x.Row(image, r), gs = gradient.Row(image, r), ys = maskByOutput ? y.Row(image, r) : xs;
            int first = 0;
            // Two vectors of channels at a time, so that what is read together lies together.
            for (; first <= stride - 2 * T.Count && !maskByOutput; first += 2 * T.Count)
            {
                T a = T.Load(scale + first), b = T.Load(offset + first), m = T.Load(mean + first), sum = T.Zero, product = T.Zero;
                T a2 = T.Load(scale + first + T.Count), b2 = T.Load(offset + first + T.Count), m2 = T.Load(mean + first + T.Count), sum2 = T.Zero, product2 = T.Zero;
                for (int at = first; at < end; at += stride)
                {
                    T value = T.Load(xs + at), value2 = T.Load(xs + at + T.Count);
                    T g = T.Select(T.GreaterThan(T.MultiplyAdd(value, a, b), low), T.Load(gs + at), T.Zero);
                    T g2 = T.Select(T.GreaterThan(T.MultiplyAdd(value2, a2, b2), low), T.Load(gs + at + T.Count), T.Zero);
                    sum += g;
                    product = T.MultiplyAdd(g, value - m, product);
                    sum2 += g2;
                    product2 = T.MultiplyAdd(g2, value2 - m2, product2);
                }
                T.Store(T.Load(sums + first) + sum, sums + first);
                T.Store(T.Load(products + first) + product, products + first);
                T.Store(T.Load(sums + first + T.Count) + sum2, sums + first + T.Count);
                T.Store(T.Load(products + first + T.Count) + product2, products + first + T.Count);
            }
            // The other channels of a pixel one after the other, as in Apply.
            for (int at = first, c = first; first < stride && at < end; at += T.Count)
            {
                Prefetch(xs + at + ahead);
                Prefetch(ys + at + ahead);
                T value = T.Load(xs + at);
                T activated = maskByOutput ? T.Load(ys + at) : T.MultiplyAdd(value, T.Load(scale + c), T.Load(offset + c));
                T g = T.Select(T.GreaterThan(activated, low), T.Load(gs + at), T.Zero);
                T.Store(T.Load(sums + c) + g, sums + c);
                T.Store(T.MultiplyAdd(g, value - T.Load(mean + c), T.Load(products + c)), products + c);
                c += T.Count;
                if (c < stride) continue;
                c = first;
                at += first;
            }
        }
    }

    /// <summary>dx = scale · g + constant − slope · x with g masked as in <see cref="GradientSums{T}"/>; the residual's gradient is g.</summary>
    /// <param name="add">Whether dx is added to what is there.</param>
    /// <param name="residual">Receives g where <paramref name="hasResidual"/>.</param>
    /// <param name="hasResidual">Whether a residual was added and wants its gradient.</param>
    /// <param name="addResidual">Whether g is added to what is there.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Gradient<T>(in PixelGrid x, in PixelGrid gradient, in PixelGrid y, bool maskByOutput, in PixelGrid result, bool add,
        in PixelGrid residual, bool hasResidual, bool addResidual, int image, float* scale, float* offset, float floor, float* constant, float* slope)
        where T : unmanaged, ISimd<T>
    {
        T low = T.Broadcast(floor);
        int stride = x.PixelStride, end = x.Width * stride;
        long ahead = x.RowStride;
        for (int r = 0; r < x.Height; r++)
        {
            float* xs = x.Row(image, r), gs = gradient.Row(image, r), ys = maskByOutput ? y.Row(image, r) : xs, to = result.Row(image, r);
            float* other = hasResidual ? residual.Row(image, r) : to;
            for (int at = 0, c = 0; at < end; at += T.Count)
            {
                Prefetch(xs + at + ahead);
                Prefetch(gs + at + ahead);
                if (maskByOutput) Prefetch(ys + at + ahead);
                T value = T.Load(xs + at), a = T.Load(scale + c);
                T activated = maskByOutput ? T.Load(ys + at) : T.MultiplyAdd(value, a, T.Load(offset + c));
                T g = T.Select(T.GreaterThan(activated, low), T.Load(gs + at), T.Zero);
                T dx = T.MultiplyAdd(g, a, T.NegatedMultiplyAdd(T.Load(slope + c), value, T.Load(constant + c)));
                T.Store(add ? T.Load(to + at) + dx : dx, to + at);
                if (hasResidual) T.Store(addResidual ? T.Load(other + at) + g : g, other + at);
                if ((c += T.Count) == stride) c = 0;
            }
        }
    }

    /// <summary>As <see cref="GradientSums{T}"/> for <see cref="ApplyPooled{T}"/>: g goes to the first largest pixel of the four, if that is
    /// above 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void GradientSumsPooled<T>(in PixelGrid x, in PixelGrid gradient, int image, float* mean, float* scale, float* offset,
        float* sums, float* products) where T : unmanaged, ISimd<T>
    {
        int stride = x.PixelStride;
        for (int r = 0; r < gradient.Height; r++)
        {
            float* upper = x.Row(image, 2 * r), lower = x.Row(image, 2 * r + 1), gs = gradient.Row(image, r);
            for (int c = 0; c < stride; c += T.Count)
            {
                T a = T.Load(scale + c), b = T.Load(offset + c), m = T.Load(mean + c), sum = T.Zero, product = T.Zero;
                float* p = upper + c, q = lower + c, s = gs + c;
                for (int i = 0; i < gradient.Width; i++, p += 2 * stride, q += 2 * stride, s += gradient.PixelStride)
                {
                    T x00 = T.Load(p), x01 = T.Load(p + stride), x10 = T.Load(q), x11 = T.Load(q + stride);
                    T z00 = T.MultiplyAdd(x00, a, b), z01 = T.MultiplyAdd(x01, a, b), z10 = T.MultiplyAdd(x10, a, b), z11 = T.MultiplyAdd(x11, a, b);
                    T largest = T.Max(T.Max(z00, z01), T.Max(z10, z11));
                    T chosen = T.Select(T.Equal(z00, largest), x00,
                        T.Select(T.Equal(z01, largest), x01, T.Select(T.Equal(z10, largest), x10, x11)));
                    T g = T.Select(T.GreaterThan(largest, T.Zero), T.Load(s), T.Zero);
                    sum += g;
                    product = T.MultiplyAdd(g, chosen - m, product);
                }
                T.Store(T.Load(sums + c) + sum, sums + c);
                T.Store(T.Load(products + c) + product, products + c);
            }
        }
    }

    /// <summary>As <see cref="Gradient{T}"/> for <see cref="ApplyPooled{T}"/>; pixels left out of the pooling have g = 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void GradientPooled<T>(in PixelGrid x, in PixelGrid gradient, in PixelGrid result, bool add, int image, float* scale, float* offset,
        float* constant, float* slope) where T : unmanaged, ISimd<T>
    {
        int stride = x.PixelStride;
        long ahead = 2 * x.RowStride;
        for (int r = 0; r < gradient.Height; r++)
        {
            float* upper = x.Row(image, 2 * r), lower = x.Row(image, 2 * r + 1), gs = gradient.Row(image, r);
            float* toUpper = result.Row(image, 2 * r), toLower = result.Row(image, 2 * r + 1);
            for (int i = 0, at = 0; i < gradient.Width; i++, at += stride, gs += gradient.PixelStride)
            {
                for (int c = 0; c < stride; c += T.Count, at += T.Count)
                {
                    T a = T.Load(scale + c), b = T.Load(offset + c), k = T.Load(constant + c), s = T.Load(slope + c);
                    Prefetch(upper + at + ahead);
                    Prefetch(upper + at + stride + ahead);
                    Prefetch(lower + at + ahead);
                    Prefetch(lower + at + stride + ahead);
                    T x00 = T.Load(upper + at), x01 = T.Load(upper + at + stride), x10 = T.Load(lower + at), x11 = T.Load(lower + at + stride);
                    T z00 = T.MultiplyAdd(x00, a, b), z01 = T.MultiplyAdd(x01, a, b), z10 = T.MultiplyAdd(x10, a, b), z11 = T.MultiplyAdd(x11, a, b);
                    T largest = T.Max(T.Max(z00, z01), T.Max(z10, z11));
                    T g = T.Select(T.GreaterThan(largest, T.Zero), T.Load(gs + c), T.Zero) * a;
                    // Each comparison hands what is left of g on to the next pixel.
                    T g00 = T.Select(T.Equal(z00, largest), g, T.Zero);
                    g -= g00;
                    T g01 = T.Select(T.Equal(z01, largest), g, T.Zero);
                    g -= g01;
                    T g10 = T.Select(T.Equal(z10, largest), g, T.Zero);
                    g -= g10;
                    Put(toUpper + at, g00 + T.NegatedMultiplyAdd(s, x00, k), add);
                    Put(toUpper + at + stride, g01 + T.NegatedMultiplyAdd(s, x01, k), add);
                    Put(toLower + at, g10 + T.NegatedMultiplyAdd(s, x10, k), add);
                    Put(toLower + at + stride, g + T.NegatedMultiplyAdd(s, x11, k), add);
                }
            }
        }
        for (int r = 0; r < x.Height; r++)
        {
            for (int i = r < 2 * gradient.Height ? 2 * gradient.Width : 0; i < x.Width; i++)
            {
                float* from = x.Row(image, r) + i * stride, to = result.Row(image, r) + i * stride;
                for (int c = 0; c < stride; c += T.Count)
                    Put(to + c, T.NegatedMultiplyAdd(T.Load(slope + c), T.Load(from + c), T.Load(constant + c)), add);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Put(float* to, T value, bool add) => T.Store(add ? T.Load(to) + value : value, to);
    }

    // Rows lie on pages of their own, more or less, where the processor's own look-ahead stops.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Prefetch(float* address)
    {
        if (Sse.IsSupported) Sse.Prefetch0(address);
    }
}
