using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Quantized;

/// <summary>Pairs of 16-bit levels.</summary>
internal readonly unsafe struct PairWords<TInteger, TSimd> : ILevelWords
    where TInteger : unmanaged, IIntegerSimd<TInteger, TSimd>
    where TSimd : unmanaged, ISimd<TSimd>
{
    public static int Words(int pixelStride) => PairPacking.Pairs(pixelStride, TInteger.Count);

    // Neighbouring channels may lie far apart.
    public static int UsedWords(int channels) => Words(channels);

    public static int WordOf(int channel) => PairPacking.PairOf(channel, TInteger.Count);

    public static int Offset(int low) => 0;

    public static void SetWeight(int* word, int channel, sbyte weight) => ((short*)word)[PairPacking.HalfOf(channel, TInteger.Count)] = weight;

    public static void Pack(float* source, int pixelStride, int pixels, int low, float* packed) => PairPacking.Run<TInteger, TSimd>(source, pixelStride, pixels, packed);
}
