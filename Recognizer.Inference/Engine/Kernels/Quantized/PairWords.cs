using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Quantized;

/// <summary>Pairs of 16-bit levels, a vector of pairs from twice as many floats: neighbouring channels may lie far apart.</summary>
internal readonly unsafe struct PairWords<TInteger, TSimd> : ILevelWords
    where TInteger : unmanaged, IIntegerSimd<TInteger, TSimd>
    where TSimd : unmanaged, ISimd<TSimd>
{
    public static string Name => "pairs";

    public static int Words(int pixelStride) => IntegerSimd.Pairs(pixelStride, TInteger.Count);

    public static int UsedWords(int channels) => Words(channels);

    public static int WordOf(int channel) => channel / (2 * TInteger.Count) * TInteger.Count + Place(channel) / 2;

    /// <summary>0 or 1: the half of its pair that a channel is in.</summary>
    public static int HalfOf(int channel) => Place(channel) % 2;

    public static int Offset(int low) => 0;

    public static void SetWeight(int* word, int channel, sbyte weight) => ((short*)word)[HalfOf(channel)] = weight;

    // The last vector of a pixel may take in floats of the next one, which get weights of zero.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Pack(float* source, int pixelStride, int pixels, int low, float* packed)
    {
        for (int p = 0; p < pixels; p++, source += pixelStride)
            for (int c = 0; c < pixelStride; c += 2 * TInteger.Count, packed += TInteger.Count) TInteger.Store(TInteger.Pack(source + c), packed);
    }

    private static int Place(int channel)
    {
        int within = channel % (2 * TInteger.Count);
        for (int place = 0; ; place++)
            if (IntegerSimd.Source(place, TInteger.Count) == within) return place;
    }
}
