using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Inference.Imaging.Pages;

/// <summary>Reads pages and lines of separate or touching handwritten characters.</summary>
/// <remarks>Step by step (in brackets what does it in the source; steps that are for Latin letters and digits leave others as they are):
/// <list type="number">
/// <item><description>The picture is turned upright, as the options say.</description></item>
/// <item><description>A sheet that lies on a table is cut out (<c>Card</c>); where there is none, or a level one in a thick frame, what the frame surrounds (<c>PictureFrame</c>). A picture with
/// a thin frame stays whole, unless there is one character within: it may be the border of a comb.</description></item>
/// <item><description>Ink is told from ground, and from shadows and their edges (<c>InkMap</c>), and its skew is measured (<c>SkewEstimator</c>). Where it turns out to be that of one character,
/// closely cropped or with some paper around it, lines go as they do from the picture of a single character (<c>LineRemoval</c>, and of what follows only one that it stands on), nothing goes for
/// touching the picture's edge, and it takes more to cut it in two.</description></item>
/// <item><description>The lines of tables that hang together go, each table by itself, at whatever angles its lines run (<c>RuledLines</c>).</description></item>
/// <item><description>Of Latin letters and digits: circles and boxes that run around other ink go (<c>EnclosingStroke</c>), but for what a rule hangs together with.</description></item>
/// <item><description>Ruled lines, the borders of boxes and combs, the upright lines of squared paper, and those between the boxes of a row that was cut out of a form go (<c>RuledLines</c>).</description></item>
/// <item><description>What touches the picture's edge and is broader than strokes goes; and of Latin letters and digits, what runs around other ink now that rules are gone, and upright
/// lines at the sides of a field that was cut too wide (<c>RuledLines</c>). Where there were rules, thin straight rests of them go as well.</description></item>
/// <item><description>What is left is deskewed, and enlarged where the picture is small. The fragments of strokes of a dry pen are joined.</description></item>
/// <item><description>Ink is gathered into lines, without specks (<c>TextLine</c>) and, of Latin letters and digits, without strokes under several characters.</description></item>
/// <item><description>Each line is cut wherever two characters might touch (<c>PieceCutter</c>), and the parts are put together so that, taken as characters, they are the most probable
/// (<c>LineLattice</c>).</description></item>
/// </list>
/// Only the scorer's labels are read: where they are letters and digits, dots and dashes are left out, slashes and brackets come out as 1 or l, + as t, = as Z; <see cref="FieldReader"/> reads
/// them where its format has them. Thread-safe if the scorer is. A <see cref="CharacterRecognizer"/>'s model may be replaced meanwhile: each page is read by one model from beginning to end.</remarks>
/// <param name="scorer">What single characters are read with, such as a <see cref="CharacterRecognizer"/>.</param>
/// <param name="options">How to read; defaults where null.</param>
/// <exception cref="ArgumentNullException">There is no scorer.</exception>
/// <exception cref="ArgumentException">An option is out of its range.</exception>
public sealed class PageReader(ICharacterScorer scorer, PageOptions? options = null)
{
    private static readonly PageOrientation[] s_turned = [PageOrientation.Clockwise, PageOrientation.UpsideDown, PageOrientation.CounterClockwise];

    private readonly ICharacterScorer _scorer = scorer ?? throw new ArgumentNullException(nameof(scorer));
    private readonly PageOptions _options = PageOptions.Checked(options);

    /// <summary>Reads a page.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="cancellationToken">Ends the reading between two lines, or two ways in which the page may lie.</param>
    /// <returns>The lines that were found; none on an empty page.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public PageResult Read(Image image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Read(image.ToGray(), cancellationToken);
    }

    /// <summary>Reads a page.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="cancellationToken">Ends the reading between two lines, or two ways in which the page may lie.</param>
    /// <returns>The lines that were found; none on an empty page.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public PageResult Read(GrayImage image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        RecognizerDiagnostics.Operation operation = RecognizerDiagnostics.Start();
        try
        {
            using var steady = new SteadyScorer(_scorer);
            PageResult result = Read(image, _options, steady, cancellationToken);
            operation.Read(result.Lines.Sum(l => l.Words.Sum(w => w.Characters.Count)));
            return result;
        }
        catch (Exception exception)
        {
            operation.Fail(exception);
            throw;
        }
    }

    /// <summary>How a page lies: what the options say, or what is found out by reading it in all four ways.</summary>
    internal static PageOrientation OrientationOf(GrayImage image, PageOptions options, in SteadyScorer steady, CancellationToken cancellationToken) =>
        options.Orientation == PageOrientation.Detect ? Read(image, options, steady, cancellationToken).Orientation : options.Orientation;

    private static PageResult Read(GrayImage image, PageOptions options, in SteadyScorer steady, CancellationToken cancellationToken)
    {
        if (options.Orientation != PageOrientation.Detect) return Read(image, options, options.Orientation, steady, cancellationToken).Result;
        var (best, least) = Read(image, options, PageOrientation.Upright, steady, cancellationToken);
        foreach (var orientation in s_turned)
        {
            var (result, cost) = Read(image, options, orientation, steady, cancellationToken);
            if (cost < least) (best, least) = (result, cost);
        }
        return best;
    }

    /// <summary>Reads a page that lies in a known way.</summary>
    /// <returns>What was read, and what it costs to take the page's ink for that: the paths, and what is left out; infinite where nothing was read.</returns>
    private static (PageResult Result, double Cost) Read(GrayImage image, PageOptions options, PageOrientation orientation, in SteadyScorer steady, CancellationToken cancellationToken)
    {
        // In units of −log p: for a line, so that a column of characters isn't as good as a row, and for as much ink as a character has
        const double LineCost = 1, LeftOutCost = 3, InkOfCharacter = 0.15;
        cancellationToken.ThrowIfCancellationRequested();
        var page = PageInk.Find(image, options, orientation, steady.IsAlphanumeric);
        if (page == null) return (new PageResult([], 0) { Orientation = orientation }, double.PositiveInfinity);
        var lines = new List<PageLine>();
        double total = 0, left = page.Components.Sum(c => (double)c.Area), height = 0;
        foreach (var line in TextLine.Find(page, single: false, steady.IsAlphanumeric))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var lattice = LineLattice.Build(page, line, steady);
            var (characters, cost) = BestPath(lattice, options);
            total += cost + LineCost;
            left -= line.Components.Sum(c => (double)c.Area);
            height = Math.Max(height, lattice.CharacterHeight);
            var words = Words(page, characters, lattice.CharacterHeight);
            if (words.Count > 0) lines.Add(new PageLine(words));
        }
        total += LeftOutCost * Math.Max(0, left) / (InkOfCharacter * Math.Max(1, height * height));
        return (new PageResult(lines, page.Placement.Skew) { Orientation = orientation }, lines.Count == 0 ? double.PositiveInfinity : total);
    }

    private readonly record struct Reading(Candidate[] Candidates, PixelBox Box);

    /// <summary>The cheapest division into characters and specks that are none.</summary>
    private static (List<Reading> Characters, double Cost) BestPath(LineLattice lattice, PageOptions options)
    {
        // What isn't scored counts with the least that it may cost. So the cheapest path is the cheapest of all once all of it is scored, and what lies on none of the paths before
        // needs no scoring.
        var (path, cost) = CheapestPath(lattice);
        while (path.Exists(step => !step.IsSpeck && !step.Segment.IsScored))
        {
            lattice.Score(path.Where(step => !step.IsSpeck).Select(step => step.Segment));
            (path, cost) = CheapestPath(lattice);
        }
        return ([.. path.Where(step => !step.IsSpeck).Select(step => new Reading(Candidates(lattice.Labels, lattice.Probabilities(step.Segment), options.Top), step.Segment.Box))], cost);
    }

    /// <summary>The cheapest division by what is known so far (Viterbi).</summary>
    private static (List<(LineLattice.Segment Segment, bool IsSpeck)> Path, double Cost) CheapestPath(LineLattice lattice)
    {
        int n = lattice.Pieces.Count;
        var best = new double[n + 1];
        var chosen = new (LineLattice.Segment Segment, bool IsSpeck)[n + 1];
        for (int end = 1; end <= n; end++)
        {
            best[end] = double.MaxValue;
            foreach (var segment in lattice.EndingAt[end - 1])
            {
                double character = lattice.CharacterCost(segment), speck = lattice.SpeckCost(segment), total = best[segment.First] + Math.Min(character, speck);
                if (total < best[end]) (best[end], chosen[end]) = (total, (segment, speck < character));
            }
        }
        var path = new List<(LineLattice.Segment Segment, bool IsSpeck)>();
        for (int end = n; end > 0; end = chosen[end].Segment.First) path.Add(chosen[end]);
        path.Reverse();
        return (path, best[n]);
    }

    private static Candidate[] Candidates(IReadOnlyList<string> labels, ReadOnlySpan<float> probabilities, int top)
    {
        var candidates = new Candidate[probabilities.Length];
        for (int i = 0; i < candidates.Length; i++) candidates[i] = new(labels[i], probabilities[i]);
        // stable: equals stay in the order of the labels
        return [.. candidates.Where(c => c.Confidence > 0).OrderByDescending(c => c.Confidence).Take(top).DefaultIfEmpty(candidates[0])];
    }

    /// <summary>In heights of the line's characters: what is less parts no words.</summary>
    internal const double LeastWordGap = 0.6;

    /// <summary>In heights of the line's characters: what is more parts words, even where most gaps are as wide, as between numbers of one digit in columns. In most combs gaps are
    /// narrower; where small characters stand in wide boxes each becomes a word, unless a format without spaces says what the field holds.</summary>
    private const double MostWordGap = 1.8;

    /// <summary>A gap that is wide for the line's other gaps, or for the characters, and not small beside these, parts words: the least such gap.</summary>
    /// <param name="gaps">Gaps between the line's characters.</param>
    /// <param name="height">Typical height of the line's characters.</param>
    internal static double WordGap(IEnumerable<double> gaps, double height)
    {
        double[] sorted = [.. gaps.Order()];
        // Where there are few: of two the wide one is not the typical one, and a single one says nothing of itself
        double typical = sorted.Length < 2 ? 0 : sorted[(sorted.Length - 1) / 2];
        return Math.Clamp(2.2 * typical + 0.15 * height, LeastWordGap * height, MostWordGap * height);
    }

    private static List<PageWord> Words(PageInk page, List<Reading> characters, double height)
    {
        if (characters.Count == 0) return [];
        // From all that went before: a stroke may reach over the characters that follow
        var gaps = new List<double>();
        int right = characters[0].Box.Right;
        foreach (var (_, box) in characters.Skip(1))
        {
            gaps.Add(box.Left - right);
            right = Math.Max(right, box.Right);
        }
        double limit = WordGap(gaps, height);
        var words = new List<PageWord>();
        var current = new List<PageCharacter>();
        for (int i = 0; i < characters.Count; i++)
        {
            if (i > 0 && gaps[i - 1] > limit)
            {
                words.Add(new PageWord(current));
                current = [];
            }
            var (candidates, box) = characters[i];
            current.Add(new PageCharacter(candidates[0].Label, candidates[0].Confidence, page.Placement.ToOriginal(box)) { Candidates = candidates });
        }
        words.Add(new PageWord(current));
        return words;
    }
}
