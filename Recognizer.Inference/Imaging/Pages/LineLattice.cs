using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Inference.Imaging.Pages;

/// <summary>All ways to divide a line into characters. Parts are scored as characters when they are asked about: the network takes nearly all of a page's time, and in most lines a few parts
/// tell the way.</summary>
internal sealed class LineLattice
{
    /// <summary>Most pieces of a segment, but for those of a whole group of ink: a wide character may be cut into more.</summary>
    private const int MaxPieces = 12;

    private const int BatchSize = 64;

    private const int Pixels = CharacterNormalizer.Size * CharacterNormalizer.Size;

    /// <summary>Part of the line taken as one character: pieces <paramref name="first"/> … <paramref name="last"/>.</summary>
    /// <param name="first">Its first piece.</param>
    /// <param name="last">Its last piece.</param>
    /// <param name="box">Where it is.</param>
    /// <param name="joinCost">What taking these pieces together, and cutting after them, costs.</param>
    /// <param name="lowCost">What its height costs, if it is a character: marks are low.</param>
    /// <param name="scores">Offset of its probabilities.</param>
    public sealed class Segment(int first, int last, PixelBox box, double joinCost, double lowCost, int scores)
    {
        public int First => first;

        public int Last => last;

        public PixelBox Box => box;

        public double JoinCost => joinCost;

        /// <summary>What it costs whatever the label; without what the network has to say of it until it is scored.</summary>
        public double Cost { get; private set; } = joinCost + lowCost;

        public int Scores => scores;

        /// <summary>Probability of the labels that may be answered among all that the network knows; 1 until it is scored.</summary>
        public float Allowed { get; private set; } = 1;

        public bool IsScored { get; private set; }

        /// <summary>Beside the labels' own cost: how improbable it is that there is any of those that may be answered.</summary>
        public void Score(float allowed)
        {
            (IsScored, Allowed) = (true, allowed);
            Cost -= AllowedWeight * Math.Log(Math.Max(LeastAllowed, allowed));
        }
    }

    private readonly ICharacterScorer _scorer;
    private readonly InkPiece[] _pieces;
    private readonly float[] _probabilities, _pixels = new float[BatchSize * Pixels], _scores, _allowed = new float[BatchSize];
    private readonly double _typical;
    private readonly int[][] _alikeLabels; // LookAlikes.Of the labels
    private readonly int[] _forms; // labels that may be answered, one of each shape
    private readonly double[] _characterCosts; // NaN where they aren't known
    private readonly SignShape?[] _signs;

    private LineLattice(List<InkPiece> pieces, List<Segment> segments, double characterHeight, in SteadyScorer steady)
    {
        _scorer = steady.Scorer;
        _pieces = [.. pieces];
        Segments = segments;
        Labels = steady.Labels;
        _alikeLabels = steady.AlikeLabels;
        int[] allowed = [.. Enumerable.Range(0, Labels.Count).Where(steady.Allows)];
        HasChoice = allowed.Length > 1;
        _forms = [.. allowed.DistinctBy(label => CharacterShape.IsMeasured(Labels[label]) ? Labels[label] : "")];
        _probabilities = new float[segments.Count * Classes];
        _scores = new float[BatchSize * Classes];
        _characterCosts = new double[segments.Count];
        Array.Fill(_characterCosts, double.NaN);
        _signs = new SignShape?[segments.Count];
        CharacterHeight = characterHeight;
        // Latin letters and digits are what EMNIST shows in sizes that tell something
        _typical = steady.IsAlphanumeric ? characterHeight : 0;
        var byLast = segments.ToLookup(s => s.Last);
        EndingAt = [.. Enumerable.Range(0, pieces.Count).Select(i => byLast[i].ToArray())];
    }

    public IReadOnlyList<InkPiece> Pieces => _pieces;

    public IReadOnlyList<Segment> Segments { get; }

    /// <summary>Segments by their last piece.</summary>
    public Segment[][] EndingAt { get; }

    public double CharacterHeight { get; }

    /// <summary>Text of each class.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Whether there is a choice of labels. Where there is none, a network is sure of any ink, and its probability tells nothing.</summary>
    private bool HasChoice { get; }

    public int Classes => Labels.Count;

    public ReadOnlySpan<float> Probabilities(Segment segment) => _probabilities.AsSpan(segment.Scores, Classes);

    /// <summary>What tells the sign of a segment from others with such a box.</summary>
    public SignShape Sign(Segment segment)
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
    public double LabelCost(Segment segment, int label)
    {
        var probabilities = Probabilities(segment);
        float own = probabilities[label], whole = 0, most = 0;
        foreach (int alike in _alikeLabels[label])
        {
            whole += probabilities[alike];
            most = Math.Max(most, probabilities[alike]);
        }
        whole = Math.Min(1, whole); // what is added up is rounded
        return FormCost(segment, label) - CharacterBonus - Math.Log(Math.Max(LeastProbability, whole)) + DoubtWeight * Doubt(whole) + Math.Log(Math.Max(LeastProbability, most) / Math.Max(LeastProbability, own));
    }

    /// <summary>What it costs to take a segment for the label that is the network's; as long as it isn't scored, the least that this may come to.</summary>
    public double CharacterCost(Segment segment)
    {
        ref double cost = ref _characterCosts[segment.Scores / Classes];
        if (double.IsNaN(cost)) cost = segment.Cost + (segment.IsScored ? BestLabelCost(segment) : LeastLabelCost(segment));
        return cost;
    }

    private double BestLabelCost(Segment segment)
    {
        // The label is the network's; shape only tells whether the segment is a character
        var probabilities = Probabilities(segment);
        int label = 0;
        for (int i = 1; i < probabilities.Length; i++) if (probabilities[i] > probabilities[label]) label = i;
        return LabelCost(segment, label);
    }

    /// <summary>As if the network were as sure as can be of the label that has such a shape.</summary>
    private double LeastLabelCost(Segment segment)
    {
        double form = double.PositiveInfinity;
        foreach (int label in _forms) form = Math.Min(form, FormCost(segment, label));
        return form - CharacterBonus + DoubtWeight * Doubt(1);
    }

    /// <summary>How unusual shape and height of a segment are for a label.</summary>
    private double FormCost(Segment segment, int label) => ShapeWeight * CharacterShape.Cost(Labels[label], segment.Box.Width, segment.Box.Height)
        + HeightWeight * CharacterShape.HeightCost(Labels[label], segment.Box.Height / CharacterHeight);

    /// <summary>What it costs to leave a segment out as a speck; infinite where it is as large as characters are.</summary>
    public double SpeckCost(Segment segment) => segment.First == segment.Last && Math.Max(segment.Box.Height, segment.Box.Width) < TextLine.SmallHeight * CharacterHeight
        ? segment.JoinCost + SpeckPenalty
        : double.PositiveInfinity;

    // In units of −log p, set on lines made of characters that were held back from training. The bonus makes up for the fact that a division into more characters has more factors
    // below one; doubt takes most of it back from all but whole characters.
    private const double CharacterBonus = 3.2, DoubtWeight = 2.8, ShapeWeight = 0.35, HeightWeight = 6, JoinCost = 0.5, SpeckPenalty = 1.5, AllowedWeight = 0.5, SpacedCutCost = 1;
    private const double LeastAllowed = 0.03, SpacedGap = 0.3;

    /// <summary>What is less probable is taken to be as probable as this.</summary>
    internal const double LeastProbability = 1e-6;

    /// <summary>From 0, where the network is as sure as it ever is (1 − p ≤ 10⁻⁵), to 1. It is so of most whole characters, and of few parts of them, at which −log p is small too.</summary>
    private double Doubt(float probability) => HasChoice ? 1 + 0.2 * Math.Log10(Math.Max(1e-5, 1 - probability)) : 1;

    /// <summary>How far a line's groups of ink stand apart: 0 where they touch, 1 where the typical gap is <see cref="SpacedGap"/> of a height, and 2 at most. Who sets characters apart
    /// hardly lets two of them touch. Gaps that may part words tell nothing of that, unless there are hardly any others and most groups are as narrow as a character: in boxes and tables
    /// each stands by itself.</summary>
    private static double Spaced(List<InkPiece> pieces, double height)
    {
        const double MostWidth = 1.1, Most = 2;
        double[] gaps = [.. Gaps(pieces).Where(double.IsFinite).Order()], close = [.. gaps.Where(gap => gap < PageReader.LeastWordGap * height)];
        if (close.Length >= 2) gaps = close;
        else if (gaps.Length < 2 || Typical([.. Widths(pieces).Order()]) > MostWidth * height) return 0;
        return Math.Clamp(Typical(gaps) / (SpacedGap * height), 0, Most);

        static double Typical(double[] sorted) => sorted[(sorted.Length - 1) / 2];
    }

    /// <summary>The width of each group of ink.</summary>
    private static IEnumerable<double> Widths(List<InkPiece> pieces) =>
        pieces.GroupBy(piece => piece.Group, piece => piece.Box).Select(boxes => (double)boxes.Aggregate((all, box) => all.Union(box)).Width);

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

    /// <summary>Divides a line in all ways; nothing is scored yet.</summary>
    public static LineLattice Build(PageInk page, TextLine line, in SteadyScorer steady)
    {
        var pieces = PieceCutter.Cut(page, line);
        // Two that touch are rare on a picture with nothing else
        double height = line.CharacterHeight, cut = SpacedCutCost * (page.IsOne ? 1 : Spaced(pieces, height));
        var segments = new List<Segment>();
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
                segments.Add(new Segment(first, last, box, join, low, segments.Count * classes));
            }
        }
        return new LineLattice(pieces, segments, height, steady);
    }

    /// <summary>Has the network score those of the segments that it hasn't scored yet.</summary>
    public void Score(IEnumerable<Segment> segments)
    {
        foreach (var batch in segments.Where(s => !s.IsScored).Chunk(BatchSize))
        {
            for (int i = 0; i < batch.Length; i++)
            {
                var (ink, box) = InkPiece.Combine(_pieces.AsSpan(batch[i].First..(batch[i].Last + 1)));
                CharacterNormalizer.NormalizeInk(ink, box.Width, box.Height, _scorer.Layout, _typical, _pixels.AsSpan(i * Pixels, Pixels));
            }
            Span<float> scores = _scores.AsSpan(0, batch.Length * Classes), allowed = _allowed.AsSpan(0, batch.Length);
            _scorer.Score(_pixels.AsSpan(0, batch.Length * Pixels), batch.Length, scores, allowed);
            foreach (ref float score in scores) score = Math.Clamp(RecognizerModel.Known(score, Classes), 0, 1);
            for (int i = 0; i < batch.Length; i++)
            {
                scores.Slice(i * Classes, Classes).CopyTo(_probabilities.AsSpan(batch[i].Scores));
                batch[i].Score(Math.Min(1, RecognizerModel.Known(allowed[i], 1)));
                _characterCosts[batch[i].Scores / Classes] = double.NaN;
            }
        }
    }
}
