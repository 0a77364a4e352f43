using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Quantized;

/// <summary>Where the channels of a pixel lie when they are packed into pairs of 16-bit integers, a vector of pairs from twice as many floats.</summary>
internal static unsafe class PairPacking
{
    /// <summary>Pairs of a pixel, whole vectors.</summary>
    public static int Pairs(int pixelStride, int lanes) => (pixelStride + 2 * lanes - 1) / (2 * lanes) * lanes;

    /// <summary>The pair that holds a channel.</summary>
    public static int PairOf(int channel, int lanes) => channel / (2 * lanes) * lanes + Place(channel, lanes) / 2;

    /// <summary>0 or 1: the half of its pair that a channel is in.</summary>
    public static int HalfOf(int channel, int lanes) => Place(channel, lanes) % 2;

    /// <summary>Packs pixels. The last vector of a pixel may take in floats of the next one, which get weights of zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Run<TInteger, TSimd>(float* source, int pixelStride, int pixels, float* packed)
        where TInteger : unmanaged, IIntegerSimd<TInteger, TSimd>
        where TSimd : unmanaged, ISimd<TSimd>
    {
        for (int p = 0; p < pixels; p++, source += pixelStride)
            for (int c = 0; c < pixelStride; c += 2 * TInteger.Count, packed += TInteger.Count) TInteger.Store(TInteger.Pack(source + c), packed);
    }

    private static int Place(int channel, int lanes)
    {
        int within = channel % (2 * lanes);
        for (int place = 0; ; place++)
            if (IntegerSimd.Source(place, lanes) == within) return place;
    }
}
