using Recognizer.Inference.Imaging;
using Recognizer.Training.Datasets.Strokes;

namespace Recognizer.Training.Augmentation;

/// <summary>Painted characters in the place of images: the forms of a character that a collection of one country's handwriting hardly has, such as a 1 with a long upstroke
/// or a 7 with a bar. Stateless but for the painter; one instance per thread.</summary>
internal sealed class PaintedCharacters
{
    private readonly CharacterPainter _painter = new();
    private readonly float _share;
    private readonly NormalizerLayout _layout;
    private readonly int[][] _characters;

    /// <summary>Prepares to paint.</summary>
    /// <param name="share">Share of the images that is replaced, 0 … 1.</param>
    /// <param name="labels">Text of each class.</param>
    /// <param name="groups">Classes of each group; labels of groups follow those of classes.</param>
    /// <param name="layout">How characters lie in the frame.</param>
    public PaintedCharacters(double share, IReadOnlyList<string> labels, IReadOnlyList<int[]> groups, NormalizerLayout layout)
    {
        _share = (float)share;
        _layout = layout;
        int[] numbers = [.. labels.Select(label => label.Length == 1 ? StrokeAlphabet.Characters.IndexOf(label[0], StringComparison.Ordinal) : -1)];
        int[][] classes = [.. Enumerable.Range(0, labels.Count).Select(k => new[] { k }), .. groups];
        _characters = Array.ConvertAll(classes, members => Array.FindAll(Array.ConvertAll(members, k => numbers[k]), number => number >= 0));
    }

    /// <summary>Whether any of the classes can be painted.</summary>
    public bool Any => _characters.Any(members => members.Length > 0);

    /// <summary>Paints a character with the label of an image, if this image is one of those to be replaced and its class can be painted.</summary>
    /// <param name="label">Number of a class or, after those, of a group, of which any member is painted.</param>
    /// <param name="key">Decides everything that is random.</param>
    /// <param name="destination">[28, 28], receives 0 = ground … 255 = ink.</param>
    public bool TryPaint(int label, ulong key, Span<byte> destination)
    {
        var random = new CounterRandom(key);
        if (random.NextSingle() >= _share || _characters[label] is not { Length: > 0 } members) return false;
        // The images have the usual ways to write it; what they lack are the rare ones.
        _painter.Paint(members[random.NextInt32(members.Length)], ref random, destination, _layout, evenly: true);
        return true;
    }
}
