using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Inference.Imaging.Pages;

/// <summary>Looks for the best path through lattice and automaton together.</summary>
/// <param name="lattice">The line.</param>
/// <param name="automaton">What it may hold.</param>
/// <param name="spaces">Whether a wide gap says that there is a space, which it doesn't where the format has none.</param>
/// <param name="cancellationToken">Ends the search between two positions.</param>
internal sealed class FieldSearch(LineLattice lattice, FieldAutomaton automaton, bool spaces, CancellationToken cancellationToken)
{
    // In units of −log p: a mark that the network doesn't know, somewhat more than a character of which it is sure; one that is missing; one of several groups of ink; a space where
    // there is no wide gap, or a wide gap where there is no space; each further space in the same gap
    private const double UnknownMarkCost = -1.2, MissingMarkCost = 1.75, JoinedMarkCost = 4, WrongSpaceCost = 3, FurtherSpaceCost = 4;

    // What it weighs that the network takes ink for a character that the mark isn't like, and the least probability that it is wrong in that
    private const double CharacterWeight = 2, LeastMark = 0.01;

    // Costs are set so that the right text is the cheapest. What is impossible costs too little beside it: the many divisions that nobody would believe in add up to ten per cent and more where
    // the format leaves the length open. In sums over all ways, what a way costs beside the network's own probabilities therefore weighs more; with this, fields of held-back digits, apart and
    // touching, were about as often right as their confidence said.
    private const double SumWeight = 1.6;

    // How often missing marks may lead back to the beginning of a repetition before there is ink again; more is for nested repetitions only
    private const int MaxReturns = 4;

    /// <summary>Most states that go on from a position: those of a long list of words that are least likely there are given up. It bounds memory and time, whatever the picture.</summary>
    private const int MaxActive = 10_000;

    /// <summary>So many go on however unlikely they are, for it may be that no others come to an end; of more, those whose cost is within so much of the least.</summary>
    private const int FewActive = 1000;

    private const double HopelessCost = 30;

    /// <summary>A character that was found on the picture.</summary>
    public readonly record struct Found(string Text, float Confidence, PixelBox Box);

    private readonly record struct Step(int Row, int State, int Segment, int Edge);

    /// <summary>The states that go on from a position, in rising order; what they cost, the logs of the sums over all ways to them, and the last step to each.</summary>
    private readonly record struct Arrivals(int[] States, double[] Costs, double[] Sums, Step[] Steps)
    {
        public Step StepTo(int state) => Steps[Array.BinarySearch(States, state)];
    }

    // A row of states for each position between pieces; with spaces two: what comes to the position, and what goes on from it, with a space or without.
    private readonly int _rows = spaces ? 2 : 1;
    private Arrivals[] _arrivals = [];

    // Of the row that is being made
    private readonly double[] _best = new double[automaton.Edges.Length], _sum = new double[automaton.Edges.Length]; // logs
    private readonly Step[] _steps = new Step[automaton.Edges.Length];

    // Of the segment that is being taken: what its labels cost, as far as it was asked for, else NaN
    private readonly double[] _costs = new double[lattice.Classes];
    private readonly bool[] _wide = spaces ? WideGaps(lattice) : [];

    /// <summary>The best path, and the log of the sum over all paths; null where there is none.</summary>
    public (List<FieldAutomaton.Edge> Text, List<Found> Characters, double LogSum)? Run()
    {
        _arrivals = new Arrivals[_rows * (lattice.Pieces.Count + 1)];
        for (int end = 0; end <= lattice.Pieces.Count; end++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Clear();
            if (end == 0) _best[0] = _sum[0] = 0;
            else
            {
                foreach (var segment in lattice.EndingAt[end - 1])
                {
                    Array.Fill(_costs, double.NaN);
                    Advance(segment);
                }
            }
            SkipMissing(_rows * end, isSpaced: false);
            Settle(_rows * end);
            if (spaces) PassGap(end);
        }
        int final = -1, last = _arrivals.Length - 1;
        var ends = _arrivals[last];
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
            var step = _arrivals[row].StepTo(state);
            if (step.Edge >= 0)
            {
                var edge = automaton.Edges[step.State][step.Edge];
                text.Add(edge);
                if (step.Segment >= 0)
                {
                    var segment = lattice.Segments[step.Segment];
                    float confidence = edge.IsMark ? 1 : Math.Min(1, Probability(segment, edge));
                    characters.Add(new Found(edge.Text, confidence, segment.Box));
                }
            }
            (row, state) = (step.Row, step.State);
        }
        text.Reverse();
        characters.Reverse();
        return (text, characters, total);
    }

    private float Probability(LineLattice.Segment segment, in FieldAutomaton.Edge edge)
    {
        var probabilities = lattice.Probabilities(segment);
        return probabilities[edge.Label] + (edge.Twin < 0 ? 0 : probabilities[edge.Twin]);
    }

    private void Clear()
    {
        Array.Fill(_best, double.PositiveInfinity);
        Array.Fill(_sum, double.NegativeInfinity);
    }

    private void Advance(LineLattice.Segment segment)
    {
        int start = _rows * segment.First + _rows - 1;
        var from = _arrivals[start];
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
                double cost, known = 0;
                if (edge.IsMark) cost = MarkCost(edge.Text, segment);
                else
                {
                    if (double.IsNaN(_costs[edge.Label])) _costs[edge.Label] = lattice.LabelCost(segment, edge.Label);
                    cost = _costs[edge.Label];
                    if (edge.Twin >= 0)
                    {
                        if (double.IsNaN(_costs[edge.Twin])) _costs[edge.Twin] = lattice.LabelCost(segment, edge.Twin);
                        cost = -LogAdd(-cost, -_costs[edge.Twin]);
                    }
                    cost += segment.Cost;
                    known = Math.Log(Math.Max(LineLattice.LeastProbability, Probability(segment, edge)));
                }
                Relax(edge.Target, from.Costs[i] + cost, from.Sums[i] - SumWeight * (cost + known) + known, new Step(start, s, number, e));
            }
            if (speckCost < double.PositiveInfinity) Relax(s, from.Costs[i] + speckCost, from.Sums[i] - SumWeight * speckCost, new Step(start, s, number, -1));
        }
    }

    // From what has come to a position to what goes on from it
    private void PassGap(int position)
    {
        int row = 2 * position;
        var from = _arrivals[row];
        bool isWide = position > 0 && position < lattice.Pieces.Count && _wide[position];
        double with = isWide ? 0 : WrongSpaceCost, without = isWide ? WrongSpaceCost : 0;
        Clear();
        for (int i = 0; i < from.States.Length; i++)
        {
            var edges = automaton.Edges[from.States[i]];
            for (int e = 0; e < edges.Length; e++)
                if (edges[e].IsSpace) Relax(edges[e].Target, from.Costs[i] + with, from.Sums[i] - SumWeight * with, new Step(row, from.States[i], -1, e));
        }
        SkipMissing(row + 1, isSpaced: true);
        for (int i = 0; i < from.States.Length; i++) Relax(from.States[i], from.Costs[i] + without, from.Sums[i] - SumWeight * without, new Step(row, from.States[i], -1, -1));
        Settle(row + 1);
    }

    // Marks that no label stands for may be missing on the picture (printed on the form, or not written); and where there is a space there may be several
    private void SkipMissing(int row, bool isSpaced)
    {
        if (automaton.Silent.Length == 0) return;
        // Steps onwards are taken in the order of the states; what comes by steps back, in repetitions, is taken up by the next round
        double[] arrived = [.. _sum];
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
                    double cost = edge.IsMark ? MissingMarkCost : FurtherSpaceCost, logProbability = arrived[s] - SumWeight * cost;
                    Relax(edge.Target, _best[s] + cost, logProbability, new Step(row, s, -1, e));
                    if (edge.Target > s) arrived[edge.Target] = LogAdd(arrived[edge.Target], logProbability);
                    else
                    {
                        if (returned == null) Array.Fill(returned = new double[_best.Length], double.NegativeInfinity);
                        returned[edge.Target] = LogAdd(returned[edge.Target], logProbability);
                    }
                }
            }
            if (returned == null) return;
            arrived = returned;
        }
    }

    private void Relax(int state, double cost, double logProbability, Step step)
    {
        _sum[state] = LogAdd(_sum[state], logProbability);
        if (cost >= _best[state]) return;
        _best[state] = cost;
        _steps[state] = step;
    }

    // Once all that comes to a row is there. What leads to a state within it costs less than the state, and is kept with it.
    private void Settle(int row)
    {
        int[] active = [.. Enumerable.Range(0, _best.Length).Where(s => _best[s] < double.PositiveInfinity)];
        if (active.Length > FewActive)
        {
            double[] costs = Array.ConvertAll(active, s => _best[s]);
            Array.Sort(costs, active);
            active = active[..Math.Clamp(costs.Count(cost => cost <= costs[0] + HopelessCost), FewActive, MaxActive)];
            Array.Sort(active);
        }
        _arrivals[row] = new Arrivals(active, Array.ConvertAll(active, s => _best[s]), Array.ConvertAll(active, s => _sum[s]), Array.ConvertAll(active, s => _steps[s]));
    }

    /// <summary>Positions between pieces where the gap parts words, as on a page.</summary>
    private static bool[] WideGaps(LineLattice lattice)
    {
        double[] gaps = LineLattice.Gaps(lattice.Pieces);
        double limit = PageReader.WordGap(gaps.Where(double.IsFinite), lattice.CharacterHeight);
        return [.. gaps.Select(g => g > limit)];
    }

    /// <summary>How unlike its usual shape a mark is that the network doesn't know.</summary>
    private double MarkCost(string mark, LineLattice.Segment segment)
    {
        MarkShape shape = MarkShape.Of(mark);
        double cost = segment.JoinCost + UnknownMarkCost + shape.RatioCost(segment.Box) + shape.SizeCost(segment.Box, lattice.CharacterHeight);
        if (lattice.Pieces[segment.First].Group != lattice.Pieces[segment.Last].Group) cost += JoinedMarkCost;
        if (shape.IsToldByInk) cost -= Math.Log(Math.Max(LeastMark, lattice.Sign(segment).Likeness(mark)));
        // A slash is taken for a 1, and that says nothing against it, nor does what a dash is taken for; but what is as high as characters and taken for a 5 is neither
        if (shape.Alike is not { } alike || segment.Box.Height < 0.7 * lattice.CharacterHeight) return cost;
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
