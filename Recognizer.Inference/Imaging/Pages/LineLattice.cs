using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Inference.Imaging.Pages;

/// <summary>All ways to divide a line into characters, each part scored as a character.</summary>
internal sealed class LineLattice
{
    /// <summary>Most pieces of a segment, but for those of a whole group of ink: a wide character may be cut into more.</summary>
    private const int MaxPieces = 12;

    private const int BatchSize = 64;

    /// <summary>Part of the line taken as one character: pieces <paramref name="First"/> … <paramref name="Last"/>.</summary>
    /// <param name="First">Its first piece.</param>
    /// <param name="Last">Its last piece.</param>
    /// <param name="Box">Where it is.</param>
    /// <param name="Cost">What taking these pieces together, and cutting after them, costs whatever the label.</param>
    /// <param name="JoinCost">The part of it that isn't about height: marks are low.</param>
    /// <param name="Scores">Offset of its probabilities.</param>
    /// <param name="Allowed">Probability of the labels that may be answered among all that the network knows.</param>
    public readonly record struct Segment(int First, int Last, PixelBox Box, double Cost, double JoinCost, int Scores, float Allowed = 1);

    private readonly float[] _probabilities;
    private readonly SignShape?[] _signs;

    private LineLattice(List<InkPiece> pieces, List<Segment> segments, float[] probabilities, double characterHeight)
    {
        Pieces = pieces;
        Segments = segments;
        _probabilities = probabilities;
        _signs = new SignShape?[segments.Count];
        CharacterHeight = characterHeight;
        var byLast = segments.ToLookup(s => s.Last);
        EndingAt = [.. Enumerable.Range(0, pieces.Count).Select(i => byLast[i].ToArray())];
    }

    public IReadOnlyList<InkPiece> Pieces { get; }

    public IReadOnlyList<Segment> Segments { get; }

    /// <summary>Segments by their last piece.</summary>
    public Segment[][] EndingAt { get; }

    public double CharacterHeight { get; }

    /// <summary>Text of each class.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary><see cref="LookAlikes.Of"/> the labels.</summary>
    public required int[][] AlikeLabels { get; init; }

    /// <summary>Whether there is a choice of labels. Where there is none, a network is sure of any ink, and its probability tells nothing.</summary>
    public required bool HasChoice { get; init; }

    public int Classes => Labels.Count;

    public ReadOnlySpan<float> Probabilities(in Segment segment) => _probabilities.AsSpan(segment.Scores, Classes);

    /// <summary>What tells the sign of a segment from others with such a box.</summary>
    public SignShape Sign(in Segment segment)
    {
        ref SignShape? sign = ref _signs[segment.Scores / Classes];
        if (sign is null)
        {
            var (ink, box) = InkPiece.Combine([.. Pieces.Skip(segment.First).Take(segment.Last - segment.First + 1)]);
            sign = SignShape.Of(ink, box.Width, box.Height);
        }
        return sign.Value;
    }

    /// <summary>What it costs to take a segment for a label: −log of the probability that it is one whole character, how unsure the network is of that, and how unusual the shape and
    /// the height are. Where the network only wavers between labels that are written alike, as between c and C, it is sure of a whole character; the less probable of them costs as much more
    /// as it is less probable.</summary>
    public double LabelCost(in Segment segment, int label)
    {
        var probabilities = Probabilities(segment);
        float own = probabilities[label], whole = 0, most = 0;
        foreach (int alike in AlikeLabels[label])
        {
            whole += probabilities[alike];
            most = Math.Max(most, probabilities[alike]);
        }
        double form = ShapeWeight * CharacterShape.Cost(Labels[label], segment.Box.Width, segment.Box.Height) + HeightWeight * CharacterShape.HeightCost(Labels[label], segment.Box.Height / CharacterHeight);
        return form - CharacterBonus - Math.Log(Math.Max(LeastProbability, whole)) + DoubtWeight * Doubt(whole) + Math.Log(Math.Max(LeastProbability, most) / Math.Max(LeastProbability, own));
    }

    /// <summary>What it costs to leave a segment out as a speck; infinite where it is as large as characters are.</summary>
    public double SpeckCost(in Segment segment) => segment.First == segment.Last && Math.Max(segment.Box.Height, segment.Box.Width) < TextLine.SmallHeight * CharacterHeight
        ? segment.JoinCost + SpeckPenalty
        : double.PositiveInfinity;

    // In units of −log p, set on lines made of characters that were held back from training. The bonus makes up for the fact that a division into more characters has more factors
    // below one; doubt takes most of it back from all but whole characters.
    private const double CharacterBonus = 3.2, DoubtWeight = 2.8, ShapeWeight = 0.35, HeightWeight = 6, JoinCost = 0.5, SpeckPenalty = 1.5, AllowedWeight = 0.5, SpacedCutCost = 1;
    private const double LeastAllowed = 0.03, LeastProbability = 1e-6, SpacedGap = 0.3;

    /// <summary>From 0, where the network is as sure as it ever is (1 − p ≤ 10⁻⁵), to 1. It is so of most whole characters, and of few parts of them, at which −log p is small too.</summary>
    private double Doubt(float probability) => HasChoice ? 1 + 0.2 * Math.Log10(Math.Max(1e-5, 1 - probability)) : 1;

    /// <summary>How far a line's groups of ink stand apart: 0 where they touch, 1 where the typical gap is at least <see cref="SpacedGap"/> of a height. Who sets characters apart
    /// hardly lets two of them touch. Gaps that may part words tell nothing of that.</summary>
    private static double Spaced(List<InkPiece> pieces, double height)
    {
        double[] gaps = [.. Gaps(pieces).Where(gap => double.IsFinite(gap) && gap < PageReader.LeastWordGap * height).Order()];
        return gaps.Length < 2 ? 0 : Math.Clamp(gaps[(gaps.Length - 1) / 2] / (SpacedGap * height), 0, 1);
    }

    /// <summary>The gap before each piece that begins a group of ink; −∞ before all others.</summary>
    public static double[] Gaps(IReadOnlyList<InkPiece> pieces)
    {
        var gaps = new double[pieces.Count];
        Array.Fill(gaps, double.NegativeInfinity);
        int right = pieces[0].Box.Right;
        for (int i = 1; i < gaps.Length; i++)
        {
            if (pieces[i].Group != pieces[i - 1].Group) gaps[i] = pieces[i].Box.Left - right;
            right = Math.Max(right, pieces[i].Box.Right);
        }
        return gaps;
    }

    public static LineLattice Build(PageInk page, TextLine line, in SteadyScorer steady)
    {
        var pieces = PieceCutter.Cut(page, line);
        double height = line.CharacterHeight, cut = SpacedCutCost * Spaced(pieces, height);
        var segments = new List<Segment>();
        var scorer = steady.Scorer;
        int classes = steady.Labels.Count;
        for (int first = 0; first < pieces.Count; first++)
        {
            var box = pieces[first].Box;
            double joined = 0;
            bool beginsGroup = first == 0 || pieces[first - 1].Group != pieces[first].Group;
            for (int last = first; last < pieces.Count; last++)
            {
                bool isLong = last >= first + MaxPieces;
                if (isLong && (!beginsGroup || pieces[last].Group != pieces[first].Group)) break;
                if (last > first)
                {
                    if (pieces[last].Group != pieces[last - 1].Group)
                    {
                        double gap = (pieces[last].Box.Left - box.Right) / height;
                        if (gap > 0.4) break;
                        joined += JoinCost + 8 * Math.Max(0, gap);
                    }
                    box = box.Union(pieces[last].Box);
                }
                if (last > first && box.Width > 2 * height) break;
                bool endsGroup = last + 1 == pieces.Count || pieces[last + 1].Group != pieces[last].Group;
                if (isLong && !endsGroup) continue;
                // what is low is hardly a character of its own
                double low = Math.Max(0, 0.4 - box.Height / height) * 8;
                double join = joined + (endsGroup ? 0 : cut + pieces[last].CutCost);
                segments.Add(new Segment(first, last, box, join + low, join, segments.Count * classes));
            }
        }
        float[] probabilities = new float[segments.Count * classes], allowed = new float[segments.Count];
        var pixels = new float[BatchSize * CharacterNormalizer.Size * CharacterNormalizer.Size];
        // Latin letters and digits are what EMNIST shows in sizes that tell something
        double typical = steady.IsAlphanumeric ? height : 0;
        var span = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(pieces);
        for (int start = 0; start < segments.Count; start += BatchSize)
        {
            int count = Math.Min(BatchSize, segments.Count - start);
            const int Pixels = CharacterNormalizer.Size * CharacterNormalizer.Size;
            for (int i = 0; i < count; i++)
            {
                var segment = segments[start + i];
                var (ink, box) = InkPiece.Combine(span[segment.First..(segment.Last + 1)]);
                CharacterNormalizer.NormalizeInk(ink, box.Width, box.Height, scorer.Layout, typical, pixels.AsSpan(i * Pixels, Pixels));
            }
            scorer.Score(pixels.AsSpan(0, count * Pixels), count, probabilities.AsSpan(start * classes, count * classes), allowed.AsSpan(start, count));
        }
        // Beside the labels' own cost: how improbable it is that there is any of those that may be answered, among all that the network knows
        for (int i = 0; i < segments.Count; i++) segments[i] = segments[i] with { Cost = segments[i].Cost - AllowedWeight * Math.Log(Math.Max(LeastAllowed, allowed[i])), Allowed = allowed[i] };
        return new LineLattice(pieces, segments, probabilities, height) { Labels = steady.Labels, AlikeLabels = steady.AlikeLabels, HasChoice = HasSeveral(steady) };
    }

    /// <summary>Whether more than one label may be answered.</summary>
    private static bool HasSeveral(in SteadyScorer steady)
    {
        int allowed = 0;
        for (int label = 0; label < steady.Labels.Count && allowed < 2; label++) allowed += steady.Allows(label) ? 1 : 0;
        return allowed == 2;
    }
}
