using System.Globalization;
using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Inference.Imaging.Pages;

/// <summary>What was read in a field.</summary>
/// <param name="Text">The most probable text that fits the format.</param>
/// <param name="Confidence">Its probability among all texts that fit, 0…1. Too low where an expression comes to the same text in very many ways, as <c>(\d?){500}</c> and
/// <c>.*0.{15}</c> do: each counts by itself. It may be near 1 where none
/// of the texts was written and one is less unlike the ink than the others: the lowest confidence in one of the characters tells that.</param>
/// <param name="Characters">The characters that were found on the picture, from left to right.</param>
public sealed record FieldResult(string Text, double Confidence, IReadOnlyList<PageCharacter> Characters)
{
    /// <summary>How the field lies in the picture: what <see cref="PageOptions.Orientation"/> says, or what was found out.</summary>
    public PageOrientation Orientation { get; init; }
}

/// <summary>Reads a form field whose format is known: of all texts that fit it, the one that the ink supports best.</summary>
/// <remarks>Thread-safe if the scorer is. A <see cref="CharacterRecognizer"/>'s model may be replaced meanwhile: each field is read by one model from beginning to end,
/// and by that model's labels. Labels outside <see cref="RecognizerOptions.Alphabet"/> are never answered.</remarks>
public sealed class FieldReader
{
    // In units of −log p: a mark that the network doesn't know, somewhat more than a character of which it is sure; one that is missing; one of several groups of ink; a space where
    // there is no wide gap, or a wide gap where there is no space; each further space in the same gap
    private const double UnknownMarkCost = -1.2, MissingMarkCost = 1.75, JoinedMarkCost = 4, WrongSpaceCost = 3, FurtherSpaceCost = 4;

    // What it weighs that the network takes ink for a character that the mark isn't like, and the least probability that it is wrong in that
    private const double CharacterWeight = 2, LeastMark = 0.01;

    // How often missing marks may lead back to the beginning of a repetition before there is ink again; more is for nested repetitions only
    private const int MaxReturns = 4;

    private readonly ICharacterScorer _scorer;
    private readonly PageOptions _options;
    private readonly FieldFormat _format;
    private FieldAutomaton _automaton; // of the labels that were met last

    /// <summary>Creates a reader.</summary>
    /// <param name="scorer">What single characters are read with, such as a <see cref="CharacterRecognizer"/>.</param>
    /// <param name="format">What the field may hold. Characters that the scorer has no label for (such as /) match any mark of their shape
    /// (+, × and ÷ are told from one another; others whose boxes are alike aren't, such as - and = or ( and [),
    /// and letters that differ only in size from their other case (such as o and O) match either where the format has but one of them. Accents aren't seen by a model that has no labels with them:
    /// é is read as e is; of the words Müller and Muller each has half of the confidence, and in a set that has both, e stands for é too. A set such as <c>[/-]</c> has the marks that it names one
    /// by one. Spaces match wide gaps, never ink. Of the scorer's labels those are read
    /// that are one character as <see cref="FieldFormat"/> has it: é and 😀, but no 10.</param>
    /// <param name="options">How to read; defaults where null.</param>
    /// <exception cref="ArgumentException">No text of the format can be written with the labels that the scorer may answer, or the expression has too many ways with these labels, as
    /// <c>(\w?){400}</c> has. If that comes to be so only when a recogniser's model is replaced, <see cref="Read(Image, CancellationToken)"/> finds nothing in the first case, and throws
    /// this in the second.</exception>
    public FieldReader(ICharacterScorer scorer, FieldFormat format, PageOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(format);
        _scorer = scorer;
        _options = PageOptions.Checked(options);
        _format = format;
        using var steady = new SteadyScorer(scorer);
        _automaton = FieldAutomaton.Of(format, steady);
        if (!_automaton.IsWritable) throw new ArgumentException($"No text of the format '{format}' can be written with the labels that may be answered.", nameof(format));
    }

    /// <summary>Reads a field.</summary>
    /// <param name="image">The picture of the field: one line of writing.</param>
    /// <param name="cancellationToken">Ends the reading before its next step, which may be one of the ways in which the picture may lie.</param>
    /// <returns>What was read; null where nothing on the picture fits the format. A picture without writing has the empty text, if that fits.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public FieldResult? Read(Image image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Read(image.ToGray(), cancellationToken);
    }

    /// <summary>Reads a field.</summary>
    /// <param name="image">The picture of the field: one line of writing.</param>
    /// <param name="cancellationToken">Ends the reading before its next step, which may be one of the ways in which the picture may lie.</param>
    /// <returns>What was read; null where nothing on the picture fits the format. A picture without writing has the empty text, if that fits.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public FieldResult? Read(GrayImage image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        RecognizerDiagnostics.Operation operation = RecognizerDiagnostics.Start();
        try
        {
            FieldResult? result = Find(image, cancellationToken);
            operation.Read(result?.Characters.Count ?? 0);
            return result;
        }
        catch (Exception exception)
        {
            operation.Fail(exception);
            throw;
        }
    }

    private FieldResult? Find(GrayImage image, CancellationToken cancellationToken)
    {
        using var steady = new SteadyScorer(_scorer);
        var automaton = AutomatonFor(steady);
        var orientation = PageReader.OrientationOf(image, _options, steady, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        var page = PageInk.Find(image, _options, orientation, steady.IsAlphanumeric);
        var line = page == null ? null : TextLine.Find(page, single: true, steady.IsAlphanumeric).FirstOrDefault();
        if (page == null || line == null) return automaton.Accepting[0] ? new FieldResult("", 1, []) { Orientation = orientation } : null;
        var lattice = LineLattice.Build(page, line, steady);
        cancellationToken.ThrowIfCancellationRequested();
        var best = Search(lattice, automaton, automaton.HasSpaces, cancellationToken);
        if (best == null) return null;
        var (text, characters, all) = best.Value;
        // The text may have been divided in several ways; they all speak for it
        double own = Search(lattice, FieldAutomaton.Of(text, steady), automaton.HasSpaces, cancellationToken)?.LogSum ?? double.NegativeInfinity;
        double confidence = Math.Clamp(Math.Exp(own - all), 0, 1);
        return new FieldResult(string.Concat(text.Select(e => e.Text)), confidence, [.. characters.Select(c => new PageCharacter(c.Text, c.Confidence, page.Placement.ToOriginal(c.Box)))]) { Orientation = orientation };
    }

    /// <summary>The format in terms of the labels of now: another model may have others, or the same in another order.</summary>
    private FieldAutomaton AutomatonFor(in SteadyScorer steady)
    {
        var automaton = Volatile.Read(ref _automaton);
        if (automaton.IsFor(steady)) return automaton;
        automaton = FieldAutomaton.Of(_format, steady);
        Volatile.Write(ref _automaton, automaton);
        return automaton;
    }

    private readonly record struct Found(string Text, float Confidence, PixelBox Box);

    private readonly record struct Step(int Row, int State, int Segment, int Edge);

    /// <summary>Most states that go on from a position: those of a long list of words that are least likely there are given up. It bounds memory and time, whatever the picture.</summary>
    private const int MaxActive = 10_000;

    /// <summary>So many go on however unlikely they are, for it may be that no others come to an end; of more, those whose cost is within so much of the least.</summary>
    private const int FewActive = 1000;

    private const double HopelessCost = 30;

    /// <summary>The states that go on from a position, in rising order; what they cost, the logs of the sums over all ways to them, and the last step to each.</summary>
    private readonly record struct Arrivals(int[] States, double[] Costs, double[] Sums, Step[] Steps)
    {
        public Step StepTo(int state) => Steps[Array.BinarySearch(States, state)];
    }

    /// <summary>The best path through lattice and automaton together, and the log of the sum over all paths.</summary>
    /// <param name="lattice">The line.</param>
    /// <param name="automaton">What it may hold.</param>
    /// <param name="spaces">Whether a wide gap says that there is a space, which it doesn't where the format has none.</param>
    /// <param name="cancellationToken">Ends the search between two positions.</param>
    private static (List<FieldAutomaton.Edge> Text, List<Found> Characters, double LogSum)? Search(LineLattice lattice, FieldAutomaton automaton, bool spaces, CancellationToken cancellationToken)
    {
        // A row of states for each position between pieces; with spaces two: what comes to the position, and what goes on from it, with a space or without.
        int n = lattice.Pieces.Count, states = automaton.Edges.Length, rows = spaces ? 2 : 1;
        // Of the row that is being made
        double[] best = new double[states], sum = new double[states]; // logs
        var steps = new Step[states];
        var arrivals = new Arrivals[rows * (n + 1)];
        bool[] wide = spaces ? WideGaps(lattice) : [];
        Span<double> costs = new double[lattice.Classes];
        for (int end = 0; end <= n; end++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Clear();
            if (end == 0) best[0] = sum[0] = 0;
            else
            {
                foreach (var segment in lattice.EndingAt[end - 1])
                {
                    for (int label = 0; label < costs.Length; label++) costs[label] = double.NaN;
                    Advance(segment, costs);
                }
            }
            SkipMissing(rows * end, isSpaced: false);
            Settle(rows * end);
            if (spaces) PassGap(end);
        }
        int final = -1, last = arrivals.Length - 1;
        var ends = arrivals[last];
        double total = double.NegativeInfinity;
        for (int i = 0; i < ends.States.Length; i++)
        {
            if (!automaton.Accepting[ends.States[i]]) continue;
            total = LogAdd(total, ends.Sums[i]);
            if (final < 0 || ends.Costs[i] < ends.Costs[final]) final = i;
        }
        if (final < 0) return null;
        var text = new List<FieldAutomaton.Edge>();
        var characters = new List<Found>();
        for (int row = last, state = ends.States[final]; row > 0 || state != 0;)
        {
            var step = arrivals[row].StepTo(state);
            if (step.Edge >= 0)
            {
                var edge = automaton.Edges[step.State][step.Edge];
                text.Add(edge);
                if (step.Segment >= 0)
                {
                    var segment = lattice.Segments[step.Segment];
                    float confidence = edge.IsMark ? 1 : Math.Min(1, lattice.Probabilities(segment)[edge.Label] + (edge.Twin < 0 ? 0 : lattice.Probabilities(segment)[edge.Twin]));
                    characters.Add(new Found(edge.Text, confidence, segment.Box));
                }
            }
            (row, state) = (step.Row, step.State);
        }
        text.Reverse();
        characters.Reverse();
        return (text, characters, total);

        void Clear()
        {
            Array.Fill(best, double.PositiveInfinity);
            Array.Fill(sum, double.NegativeInfinity);
        }

        void Advance(in LineLattice.Segment segment, Span<double> costs)
        {
            int start = rows * segment.First + rows - 1;
            var from = arrivals[start];
            int number = segment.Scores / lattice.Classes;
            double speckCost = lattice.SpeckCost(segment);
            for (int i = 0; i < from.States.Length; i++)
            {
                int s = from.States[i];
                var edges = automaton.Edges[s];
                for (int e = 0; e < edges.Length; e++)
                {
                    var edge = edges[e];
                    if (edge.IsSpace) continue;
                    double cost;
                    if (edge.IsMark) cost = MarkCost(edge.Text, segment, lattice);
                    else
                    {
                        if (double.IsNaN(costs[edge.Label])) costs[edge.Label] = lattice.LabelCost(segment, edge.Label);
                        cost = costs[edge.Label];
                        if (edge.Twin >= 0)
                        {
                            if (double.IsNaN(costs[edge.Twin])) costs[edge.Twin] = lattice.LabelCost(segment, edge.Twin);
                            cost = -LogAdd(-cost, -costs[edge.Twin]);
                        }
                        cost += segment.Cost;
                    }
                    Relax(edge.Target, from.Costs[i] + cost, from.Sums[i] - cost, new Step(start, s, number, e));
                }
                if (speckCost < double.PositiveInfinity) Relax(s, from.Costs[i] + speckCost, from.Sums[i] - speckCost, new Step(start, s, number, -1));
            }
        }

        // From what has come to a position to what goes on from it
        void PassGap(int position)
        {
            int row = 2 * position;
            var from = arrivals[row];
            bool isWide = position > 0 && position < n && wide[position];
            double with = isWide ? 0 : WrongSpaceCost, without = isWide ? WrongSpaceCost : 0;
            Clear();
            for (int i = 0; i < from.States.Length; i++)
            {
                var edges = automaton.Edges[from.States[i]];
                for (int e = 0; e < edges.Length; e++)
                    if (edges[e].IsSpace) Relax(edges[e].Target, from.Costs[i] + with, from.Sums[i] - with, new Step(row, from.States[i], -1, e));
            }
            SkipMissing(row + 1, isSpaced: true);
            for (int i = 0; i < from.States.Length; i++) Relax(from.States[i], from.Costs[i] + without, from.Sums[i] - without, new Step(row, from.States[i], -1, -1));
            Settle(row + 1);
        }

        // Marks that no label stands for may be missing on the picture (printed on the form, or not written); and where there is a space there may be several
        void SkipMissing(int row, bool isSpaced)
        {
            if (automaton.Silent.Length == 0) return;
            // Steps onwards are taken in the order of the states; what comes by steps back, in repetitions, is taken up by the next round
            double[] arrived = [.. sum];
            for (int round = 0; round <= MaxReturns; round++)
            {
                double[]? returned = null;
                foreach (int s in automaton.Silent)
                {
                    if (double.IsNegativeInfinity(arrived[s])) continue;
                    var edges = automaton.Edges[s];
                    for (int e = 0; e < edges.Length; e++)
                    {
                        var edge = edges[e];
                        if (!edge.IsMark && !(edge.IsSpace && isSpaced)) continue;
                        double cost = edge.IsMark ? MissingMarkCost : FurtherSpaceCost, logProbability = arrived[s] - cost;
                        Relax(edge.Target, best[s] + cost, logProbability, new Step(row, s, -1, e));
                        if (edge.Target > s) arrived[edge.Target] = LogAdd(arrived[edge.Target], logProbability);
                        else
                        {
                            if (returned == null) Array.Fill(returned = new double[states], double.NegativeInfinity);
                            returned[edge.Target] = LogAdd(returned[edge.Target], logProbability);
                        }
                    }
                }
                if (returned == null) return;
                arrived = returned;
            }
        }

        void Relax(int state, double cost, double logProbability, Step step)
        {
            sum[state] = LogAdd(sum[state], logProbability);
            if (cost >= best[state]) return;
            best[state] = cost;
            steps[state] = step;
        }

        // Once all that comes to a row is there. What leads to a state within it costs less than the state, and is kept with it.
        void Settle(int row)
        {
            int[] active = [.. Enumerable.Range(0, states).Where(s => best[s] < double.PositiveInfinity)];
            if (active.Length > FewActive)
            {
                double[] costs = Array.ConvertAll(active, s => best[s]);
                Array.Sort(costs, active);
                active = active[..Math.Clamp(costs.Count(cost => cost <= costs[0] + HopelessCost), FewActive, MaxActive)];
                Array.Sort(active);
            }
            arrivals[row] = new Arrivals(active, Array.ConvertAll(active, s => best[s]), Array.ConvertAll(active, s => sum[s]), Array.ConvertAll(active, s => steps[s]));
        }
    }

    /// <summary>Positions between pieces where the gap parts words, as on a page.</summary>
    private static bool[] WideGaps(LineLattice lattice)
    {
        double[] gaps = LineLattice.Gaps(lattice.Pieces);
        double limit = PageReader.WordGap(gaps.Where(double.IsFinite), lattice.CharacterHeight);
        return [.. gaps.Select(g => g > limit)];
    }

    /// <summary>How unlike its usual shape a mark is that the network doesn't know.</summary>
    private static double MarkCost(string mark, in LineLattice.Segment segment, LineLattice lattice)
    {
        double ratio = Math.Log((double)segment.Box.Width / segment.Box.Height), size = Math.Max(segment.Box.Width, segment.Box.Height) / lattice.CharacterHeight;
        // with the labels that it is like; null for what may be like any: ÷ is told by its ink, and what ½, ✓ and letters that there is no label for are like isn't known
        var (usualRatio, deviation, usualSize, alike) = mark switch
        {
            "/" or "\\" or "(" or ")" or "[" or "]" or "!" => (-0.8, 0.5, 1.1, "17CIJLcijl"),
            "|" => (-1.8, 0.6, 1.1, "1IJijl"),
            "-" or "_" or "=" or "~" => (1.2, 0.6, 0.5, ""),
            "." or "," or "'" => (0.0, 0.5, 0.2, ""),
            ":" or ";" => (-1.0, 0.5, 0.6, ""),
            "+" => (0.0, 0.8, 0.9, "tTfx4FXYd"),
            "×" => (0.0, 0.8, 0.9, "xXkKyY4"),
            "#" => (0.0, 0.8, 0.9, "HAWNhK"),
            "*" => (0.0, 0.8, 0.9, "xXKHAtk"),
            "?" => (0.0, 0.8, 0.9, "73"),
            "€" => (0.0, 0.8, 0.9, "CEGce6"),
            "£" => (0.0, 0.8, 0.9, "EfLt"),
            "$" or "§" => (0.0, 0.8, 0.9, "Ss85B"),
            "%" => (0.0, 0.8, 0.9, "X8"),
            "&" => (0.0, 0.8, 0.9, "8BgRS"),
            "@" => (0.0, 0.8, 0.9, "QaO0"),
            "№" => (0.0, 0.8, 0.9, "N"),
            "¥" => (0.0, 0.8, 0.9, "Yy4"),
            "<" or "{" => (0.0, 0.8, 0.9, "CLcEt1"),
            ">" or "}" => (0.0, 0.8, 0.9, "7317"),
            "÷" => (0.0, 0.8, 0.9, null),
            _ => (0.0, 0.8, 0.9, char.IsPunctuation(mark, 0) || CharUnicodeInfo.GetUnicodeCategory(mark, 0) == UnicodeCategory.CurrencySymbol ? "" : null),
        };
        double z = (ratio - usualRatio) / deviation, s = Math.Log(Math.Max(0.02, size) / usualSize) / 0.5;
        double cost = segment.JoinCost + UnknownMarkCost + Math.Min(6, 0.5 * z * z) + Math.Min(6, 0.5 * s * s);
        if (lattice.Pieces[segment.First].Group != lattice.Pieces[segment.Last].Group) cost += JoinedMarkCost;
        if (mark is "+" or "×" or "÷") cost -= Math.Log(Math.Max(LeastMark, lattice.Sign(segment).Likeness(mark)));
        // A slash is taken for a 1, and that says nothing against it, nor does what a dash is taken for; but what is as high as characters and taken for a 5 is neither
        if (alike == null || segment.Box.Height < 0.7 * lattice.CharacterHeight) return cost;
        double other = 0;
        var probabilities = lattice.Probabilities(segment);
        for (int i = 0; i < probabilities.Length; i++)
            if (!alike.Contains(lattice.Labels[i], StringComparison.Ordinal)) other += probabilities[i];
        return cost - CharacterWeight * Math.Log(Math.Max(LeastMark, 1 - segment.Allowed * other));
    }

    private static double LogAdd(double a, double b)
    {
        if (double.IsNegativeInfinity(a)) return b;
        if (double.IsNegativeInfinity(b)) return a;
        return a > b ? a + Math.Log(1 + Math.Exp(b - a)) : b + Math.Log(1 + Math.Exp(a - b));
    }
}
