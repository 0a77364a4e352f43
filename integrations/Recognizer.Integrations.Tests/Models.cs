using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Architectures;

namespace Recognizer.Integrations.Tests;

/// <summary>Small models and images that all tests use.</summary>
internal static class Models
{
    public static readonly string[] Digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

    /// <summary>An untrained network: what it answers is arbitrary, but always the same.</summary>
    public static Graph Network(string architecture = "cnn2", ulong seed = 3) => Architecture.Build(architecture, Digits, seed);

    public static byte[] Bytes { get; } = OnnxWriter.ToBytes(Network());

    /// <summary>[count, 28, 28], blots of ink.</summary>
    public static float[] Pixels(int count, int seed = 1)
    {
        var random = new Random(seed);
        var pixels = new float[count * 784];
        for (int i = 0; i < count; i++)
        {
            for (int blot = 0; blot < 6; blot++)
            {
                int left = random.Next(4, 20), top = random.Next(4, 20);
                for (int y = 0; y < 5; y++)
                    for (int x = 0; x < 4; x++) pixels[i * 784 + (top + y) * 28 + left + x] = random.NextSingle();
            }
        }
        return pixels;
    }

    public static float[] Score(CharacterRecognizer recognizer, float[] pixels)
    {
        int count = pixels.Length / 784;
        var scores = new float[count * recognizer.Labels.Count];
        recognizer.Score(pixels, count, scores);
        return scores;
    }

    /// <summary>A dark stroke on white paper, RGB.</summary>
    public static byte[] Photo(int width, int height)
    {
        var pixels = new byte[width * height * 3];
        Array.Fill<byte>(pixels, 250);
        for (int y = height / 5; y < height * 4 / 5; y++)
        {
            for (int x = width / 2 - width / 16 + y / 8; x < width / 2 + y / 8; x++)
            {
                for (int c = 0; c < 3; c++) pixels[(y * width + x) * 3 + c] = (byte)(20 + 10 * c);
            }
        }
        return pixels;
    }

    public static byte[] PhotoPng(int width, int height) => PngEncoder.Encode(width, height, 3, Photo(width, height));
}
