using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Pages;

namespace Recognizer.Tests.Imaging.Pages;

/// <summary>Compares with drawings of the ten digits, so that page reading can be tested without a trained model.</summary>
internal sealed class TemplateScorer : ICharacterScorer
{
    private readonly List<(int Digit, float[] Pixels)> _templates = [];

    public TemplateScorer()
    {
        foreach (double pen in new[] { 14.0, 22.0 })
            for (int digit = 0; digit < 10; digit++)
            {
                var pixels = new float[784];
                CharacterNormalizer.Normalize(Drawing.Paint(Drawing.Square(digit, 200, pen), 200, (_, _) => 255, (_, _) => 0), Layout, Polarity.DarkOnLight, pixels);
                _templates.Add((digit, pixels));
            }
    }

    public IReadOnlyList<string> Labels { get; } = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

    public NormalizerLayout Layout => NormalizerLayout.Emnist;

    public void Score(ReadOnlySpan<float> pixels, int count, Span<float> probabilities)
    {
        for (int i = 0; i < count; i++)
        {
            var scores = probabilities.Slice(i * 10, 10);
            scores.Clear();
            foreach (var (digit, template) in _templates)
            {
                float distance = 0;
                for (int p = 0; p < 784; p++)
                {
                    float d = pixels[i * 784 + p] - template[p];
                    distance += d * d;
                }
                scores[digit] = Math.Max(scores[digit], MathF.Exp(-distance / 8) + 1e-6f);
            }
            float total = 0;
            foreach (float score in scores) total += score;
            // far from every template no label is likely
            for (int d = 0; d < 10; d++) scores[d] /= total + 0.01f;
        }
    }
}
