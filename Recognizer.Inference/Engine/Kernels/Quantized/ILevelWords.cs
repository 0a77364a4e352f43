namespace Recognizer.Inference.Engine.Kernels.Quantized;

/// <summary>How levels lie in the 32-bit words that a direct convolution multiplies and adds: by pairs of 16 bits or by four bytes.</summary>
internal unsafe interface ILevelWords
{
    /// <summary>What a word holds, for descriptions.</summary>
    static abstract string Name { get; }

    /// <summary>Words from one pixel to the next.</summary>
    /// <param name="pixelStride">Floats from one pixel to the next.</param>
    static abstract int Words(int pixelStride);

    /// <summary>Words at the start of a pixel that hold all channels.</summary>
    static abstract int UsedWords(int channels);

    /// <summary>The word that holds a channel.</summary>
    static abstract int WordOf(int channel);

    /// <summary>What is subtracted from levels before they are packed.</summary>
    /// <param name="low">Lowest level.</param>
    static abstract int Offset(int low);

    /// <summary>Sets the weight of a channel in the word that is multiplied with the channel's.</summary>
    static abstract void SetWeight(int* word, int channel, sbyte weight);

    /// <summary>Packs pixels.</summary>
    /// <param name="source">Levels, <paramref name="pixelStride"/> floats per pixel, a multiple of 16.</param>
    /// <param name="pixelStride">Floats from one pixel to the next.</param>
    /// <param name="pixels">Pixels.</param>
    /// <param name="low">Lowest level; padding channels may hold anything.</param>
    /// <param name="packed">The words.</param>
    static abstract void Pack(float* source, int pixelStride, int pixels, int low, float* packed);
}
