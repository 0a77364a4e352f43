using Recognizer.Inference.Imaging;
using Recognizer.Training.Datasets.Strokes;

namespace Recognizer.Training.Datasets;

/// <summary>A picture of a part: a row per class with its label in front, dark on light.</summary>
internal static class SampleGrid
{
    private const int Side = DatasetPart.Side;
    private const int CaptionCharacters = 4;

    /// <summary>The first images of each class, as many as <see cref="Draw"/> has columns for.</summary>
    public static DatasetPart First(DatasetPart part, IReadOnlyList<string> labels, int columns)
    {
        var found = new int[labels.Count];
        return part.Select([.. Enumerable.Range(0, part.Count).Where(i => found[part.Labels[i]]++ < columns)]);
    }

    /// <summary>Draws the first <paramref name="columns"/> images of each class, enlarged twice.</summary>
    public static GrayImage Draw(DatasetPart part, IReadOnlyList<string> labels, int columns)
    {
        int captionWidth = Side * Math.Clamp(labels.Max(l => Caption(l).Length), 1, CaptionCharacters) + Side / 2;
        int width = captionWidth + columns * Side, height = labels.Count * Side;
        var ink = new byte[width * height];
        var painter = new CharacterPainter();
        var cell = new byte[Side * Side];
        for (int c = 0; c < labels.Count; c++)
        {
            int x = 0;
            foreach (char letter in Caption(labels[c]).Take(CaptionCharacters))
            {
                painter.PaintNeatly(StrokeAlphabet.Characters.IndexOf(letter, StringComparison.Ordinal), cell);
                Copy(cell, ink, width, x, c * Side);
                x += Side;
            }
        }
        var filled = new int[labels.Count];
        part = First(part, labels, columns);
        for (int i = 0; i < part.Count; i++)
        {
            int label = part.Labels[i];
            Copy(part.Image(i), ink, width, captionWidth + filled[label]++ * Side, label * Side);
        }
        var picture = new byte[4 * ink.Length];
        for (int y = 0; y < 2 * height; y++)
        {
            for (int x = 0; x < 2 * width; x++)
                picture[y * 2 * width + x] = (byte)(255 - ink[y / 2 * width + x / 2]);
        }
        return new GrayImage(2 * width, 2 * height, picture);
    }

    /// <summary>The label in characters that can be drawn here; others by their code points.</summary>
    private static string Caption(string label) => string.Concat(label.EnumerateRunes().Select(r =>
        r.IsBmp && StrokeAlphabet.Characters.Contains((char)r.Value, StringComparison.Ordinal) ? r.ToString() : r.Value.ToString("X4")));

    private static void Copy(ReadOnlySpan<byte> image, byte[] picture, int width, int left, int top)
    {
        for (int y = 0; y < Side; y++)
            image.Slice(y * Side, Side).CopyTo(picture.AsSpan((top + y) * width + left));
    }
}
