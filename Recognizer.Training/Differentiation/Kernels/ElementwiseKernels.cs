using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Training.Differentiation.Kernels;

/// <summary>Passes over rows that the backward pass needs besides products: masks, sums and additions.</summary>
internal static unsafe class ElementwiseKernels
{
    /// <summary>gradient ← gradient where y &gt; 0, else 0: ReLU's derivative.</summary>
    public static void MaskByOutput(Rows y, Rows gradient, int images) => Run(Operator.Mask, y, gradient, images);

    /// <summary>to ← to + from.</summary>
    public static void Add(Rows from, Rows to, int images) => Run(Operator.Add, from, to, images);

    /// <summary>sums[c] += Σ over all pixels.</summary>
    /// <param name="scratch">As many floats as a pixel has, padded to 16.</param>
    public static void SumPixels(in PixelGrid pixels, int images, int channels, float* sums, float* scratch)
    {
        var operation = new Sum { Pixels = pixels, Images = images, Channels = channels, Sums = sums, Scratch = scratch };
        InstructionSet.Dispatch(pixels.PixelStride % 16 == 0 ? InstructionSet.Current : SimdLevel.Scalar, ref operation);
    }

    /// <summary>y = max(floor, a + b).</summary>
    public static void Add(Rows a, Rows b, Rows y, float floor, int images)
    {
        var operation = new Addition { A = a, B = b, Y = y, Floor = floor, Images = images };
        InstructionSet.Dispatch(InstructionSet.Current, ref operation);
    }

    private static void Run(Operator @operator, Rows from, Rows to, int images)
    {
        var operation = new Rowwise { Operator = @operator, From = from, To = to, Images = images };
        InstructionSet.Dispatch(InstructionSet.Current, ref operation);
    }

    private enum Operator
    {
        Mask,
        Add,
    }

    private struct Rowwise : ISimdOperation
    {
        public Operator Operator;
        public Rows From, To;
        public int Images;

        public readonly void Run<T>() where T : unmanaged, ISimd<T>
        {
            for (int n = 0; n < Images; n++)
            {
                for (int r = 0; r < To.Count; r++)
                {
                    if (Operator == Operator.Mask) MaskRow<T>(From[n, r], To[n, r], To.Length);
                    else AddRow<T>(From[n, r], To[n, r], To.Length);
                }
            }
        }
    }

    private struct Addition : ISimdOperation
    {
        public Rows A, B, Y;
        public float Floor;
        public int Images;

        public readonly void Run<T>() where T : unmanaged, ISimd<T>
        {
            for (int n = 0; n < Images; n++)
                for (int r = 0; r < Y.Count; r++) AddRows<T>(A[n, r], B[n, r], Y[n, r], Floor, Y.Length);
        }
    }

    private struct Sum : ISimdOperation
    {
        public PixelGrid Pixels;
        public int Images, Channels;
        public float* Sums, Scratch;

        public readonly void Run<T>() where T : unmanaged, ISimd<T>
        {
            for (int n = 0; n < Images; n++)
            {
                // Images are summed on their own first, so that long sums keep their precision.
                new Span<float>(Scratch, Pixels.PixelStride).Clear();
                SumImage<T>(Pixels, n, Scratch);
                for (int c = 0; c < Channels; c++) Sums[c] += Scratch[c];
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void MaskRow<T>(float* y, float* gradient, int length) where T : unmanaged, ISimd<T>
    {
        int i = 0;
        for (; i <= length - T.Count; i += T.Count)
            T.Store(T.Select(T.GreaterThan(T.Load(y + i), T.Zero), T.Load(gradient + i), T.Zero), gradient + i);
        for (; i < length; i++)
            if (!(y[i] > 0)) gradient[i] = 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void AddRow<T>(float* from, float* to, int length) where T : unmanaged, ISimd<T>
    {
        int i = 0;
        for (; i <= length - T.Count; i += T.Count) T.Store(T.Load(to + i) + T.Load(from + i), to + i);
        for (; i < length; i++) to[i] += from[i];
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void AddRows<T>(float* a, float* b, float* y, float floor, int length) where T : unmanaged, ISimd<T>
    {
        T low = T.Broadcast(floor);
        int i = 0;
        for (; i <= length - T.Count; i += T.Count) T.Store(T.Max(low, T.Load(a + i) + T.Load(b + i)), y + i);
        for (; i < length; i++) y[i] = Math.Max(floor, a[i] + b[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void SumImage<T>(in PixelGrid pixels, int image, float* sums) where T : unmanaged, ISimd<T>
    {
        for (int r = 0; r < pixels.Height; r++)
        {
            float* row = pixels.Row(image, r);
            for (int c = 0; c < pixels.PixelStride; c += T.Count)
            {
                T sum = T.Zero;
                float* p = row + c;
                for (int i = 0; i < pixels.Width; i++, p += pixels.PixelStride) sum += T.Load(p);
                T.Store(T.Load(sums + c) + sum, sums + c);
            }
        }
    }
}
