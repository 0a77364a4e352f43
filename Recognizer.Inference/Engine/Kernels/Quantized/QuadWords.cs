using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Recognizer.Inference.Engine.Kernels.Quantized;

/// <summary>Four levels of consecutive channels in a word, each as an unsigned byte above the lowest level.</summary>
internal readonly unsafe struct QuadWords : ILevelWords
{
    private const int Levels = sizeof(int);

    public static string Name => "fours";

    public static int Words(int pixelStride) => pixelStride / Levels;

    public static int UsedWords(int channels) => (channels + Levels - 1) / Levels;

    public static int WordOf(int channel) => channel / Levels;

    public static int Offset(int low) => low;

    public static void SetWeight(int* word, int channel, sbyte weight) => ((sbyte*)word)[channel % Levels] = weight;

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    public static void Pack(float* source, int pixelStride, int pixels, int low, float* packed)
    {
        Vector256<short> lowest = Vector256.Create((short)low);
        byte* bytes = (byte*)packed;
        for (long block = (long)pixels * pixelStride / 16; block > 0; block--, source += 16, bytes += 16)
        {
            // Packing goes by 128-bit parts: floats 0 … 3, 8 … 11, 4 … 7, 12 … 15.
            Vector256<short> levels = Avx2.PackSignedSaturate(Avx.ConvertToVector256Int32(Vector256.Load(source)), Avx.ConvertToVector256Int32(Vector256.Load(source + 8))) - lowest;
            Vector128<byte> four = Sse2.PackUnsignedSaturate(levels.GetLower(), levels.GetUpper());
            Sse2.Shuffle(four.AsInt32(), 0b11_01_10_00).AsByte().Store(bytes);
        }
    }
}
