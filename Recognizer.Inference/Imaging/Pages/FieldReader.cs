namespace Recognizer.Inference.Imaging.Pages;

/// <summary>What was read in a field.</summary>
/// <param name="Text">The most probable text that fits the format.</param>
/// <param name="Confidence">Its probability among all texts that fit, 0…1.</param>
/// <param name="Characters">The characters that were found on the picture, from left to right.</param>
public sealed record FieldResult(string Text, double Confidence, IReadOnlyList<PageCharacter> Characters);

/// <summary>Reads a form field whose format is known: of all texts that fit it, the one that the ink supports best.</summary>
/// <remarks>Thread-safe if the scorer is. A <see cref="CharacterRecognizer"/>'s model may be replaced meanwhile: each field is read by one model from beginning to end,
/// and by that model's labels. Labels outside <see cref="RecognizerOptions.Alphabet"/> are never answered.</remarks>
public sealed class FieldReader
{
    // In units of −log p: a mark that the network doesn't know, one that is missing
    private const double UnknownMarkCost = 1, MissingMarkCost = 5;

    private readonly ICharacterScorer _scorer;
    private readonly PageOptions _options;
    private readonly FieldFormat _format;
    private Automaton _automaton; // of the labels that were met last

    /// <summary>Creates a reader.</summary>
    /// <param name="scorer">What single characters are read with, such as a <see cref="CharacterRecognizer"/>.</param>
    /// <param name="format">What the field may hold. Characters that the scorer has no label for (such as /) match any mark of their shape,
    /// and letters that differ only in size from their other case (such as o and O) match either.</param>
    /// <param name="options">How to read; defaults where null.</param>
    /// <exception cref="ArgumentException">No text of the format can be written with the labels that the scorer may answer. If that comes to be so only when a
    /// recogniser's model is replaced, <see cref="Read(Image)"/> finds nothing.</exception>
    public FieldReader(ICharacterScorer scorer, FieldFormat format, PageOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(format);
        _scorer = scorer;
        _options = options ?? new();
        _format = format;
        using var steady = new SteadyScorer(scorer);
        _automaton = new Automaton(format, steady);
        if (!_automaton.IsWritable) throw new ArgumentException($"No text of the format '{format}' can be written with the labels that may be answered.", nameof(format));
    }

    /// <summary>Reads a field.</summary>
    /// <param name="image">The picture of the field: one line of writing.</param>
    /// <returns>What was read; null where nothing on the picture fits the format.</returns>
    public FieldResult? Read(Image image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Read(image.ToGray());
    }

    /// <summary>Reads a field.</summary>
    /// <param name="image">The picture of the field: one line of writing.</param>
    /// <returns>What was read; null where nothing on the picture fits the format.</returns>
    public FieldResult? Read(GrayImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var page = PageInk.Find(image, _options);
        if (page == null) return null;
        var lines = TextLine.Find(page, single: true);
        if (lines.Count == 0) return null;
        using var steady = new SteadyScorer(_scorer);
        var automaton = AutomatonFor(steady);
        var lattice = LineLattice.Build(page, lines[0], steady);
        var best = Search(lattice, automaton);
        if (best == null) return null;
        var (text, characters, all) = best.Value;
        // The text may have been divided in several ways; they all speak for it
        double own = Search(lattice, new Automaton(FieldFormat.FromWords([text]), steady))?.LogSum ?? double.NegativeInfinity;
        double confidence = Math.Clamp(Math.Exp(own - all), 0, 1);
        return new FieldResult(text, confidence, [.. characters.Select(c => new PageCharacter(c.Text, c.Confidence, page.ToOriginal(c.Box)))]);
    }

    /// <summary>The format in terms of the labels of now: another model may have others, or the same in another order.</summary>
    private Automaton AutomatonFor(in SteadyScorer steady)
    {
        var automaton = Volatile.Read(ref _automaton);
        if (automaton.IsFor(steady)) return automaton;
        automaton = new Automaton(_format, steady);
        Volatile.Write(ref _automaton, automaton);
        return automaton;
    }

    /// <summary>A format in terms of a scorer's labels.</summary>
    private sealed class Automaton
    {
        // Letters whose cases are alike but for their size
        private const string Alike = "CIJKLMOPSUVWXYZ";

        // In place of a label that the alphabet excludes
        private const int Excluded = -2;

        /// <summary>A transition by one character.</summary>
        /// <param name="Target">State that it leads to.</param>
        /// <param name="Text">The character.</param>
        /// <param name="Label">Its label, −1 where the scorer has none, or <see cref="Excluded"/>.</param>
        /// <param name="Twin">A label that is as good, or −1.</param>
        public readonly record struct Edge(int Target, string Text, int Label, int Twin);

        private readonly string[] _labels;

        public Automaton(FieldFormat format, in SteadyScorer steady)
        {
            string[] labels = _labels = [.. steady.Labels];
            Accepting = format.Accepting;
            var index = new Dictionary<string, int>();
            for (int i = 0; i < labels.Length; i++) index.TryAdd(labels[i], steady.Allows(i) ? i : Excluded);
            Edges = new Edge[format.Transitions.Length][];
            for (int state = 0; state < Edges.Length; state++)
            {
                var edges = new List<Edge>();
                foreach (var (set, target) in format.Transitions[state])
                {
                    if (set.Single is { } single)
                    {
                        Add(edges, Resolve(single, target, index, null));
                        continue;
                    }
                    foreach (string label in labels)
                        if (label.Length == 1 && set.Contains(label[0])) Add(edges, Resolve(label[0], target, index, set));
                    // lower case asked for from a model that has merged it into upper case
                    foreach (var (first, last) in set.Ranges)
                        for (int c = first; c <= last && last - first < 128; c++)
                            if (char.IsAsciiLetter((char)c) && !index.ContainsKey(((char)c).ToString()) && Resolve((char)c, target, index, set) is { Label: >= 0 } merged && set.Contains((char)c))
                                edges.Add(merged);
                }
                Edges[state] = [.. edges];
            }
        }

        private static void Add(List<Edge> edges, Edge edge)
        {
            // What is excluded isn't answered, not even as a mark
            if (edge.Label != Excluded) edges.Add(edge);
        }

        private static Edge Resolve(char c, int target, Dictionary<string, int> index, FieldFormat.CharacterSet? set)
        {
            char other = char.IsAsciiLetterUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c);
            int label = index.GetValueOrDefault(c.ToString(), -1), twin = -1;
            if (other != c && (label < 0 || Alike.Contains(char.ToUpperInvariant(c), StringComparison.Ordinal)) && set?.Contains(other) != true)
                twin = index.GetValueOrDefault(other.ToString(), -1);
            return label == -1 && twin != -1 ? new Edge(target, c.ToString(), twin, -1) : new Edge(target, c.ToString(), label, Math.Max(twin, -1));
        }

        public Edge[][] Edges { get; }

        /// <summary>Whether any text leads to an end.</summary>
        public bool IsWritable
        {
            get
            {
                var seen = new bool[Edges.Length];
                var open = new Stack<int>([0]);
                seen[0] = true;
                while (open.TryPop(out int state))
                {
                    if (Accepting[state]) return true;
                    foreach (var edge in Edges[state])
                    {
                        if (seen[edge.Target]) continue;
                        seen[edge.Target] = true;
                        open.Push(edge.Target);
                    }
                }
                return false;
            }
        }

        public bool[] Accepting { get; }

        public bool IsFor(in SteadyScorer steady) => _labels.SequenceEqual(steady.Labels);
    }

    private readonly record struct Found(string Text, float Confidence, PixelBox Box);

    private readonly record struct Step(int Position, int State, int Segment, int Edge);

    /// <summary>The best path through lattice and automaton together, and the log of the sum over all paths.</summary>
    private static (string Text, List<Found> Characters, double LogSum)? Search(LineLattice lattice, Automaton automaton)
    {
        int n = lattice.Pieces.Count, states = automaton.Edges.Length;
        var best = new double[n + 1][];
        var sum = new double[n + 1][]; // logs
        var back = new Step[n + 1][];
        for (int i = 0; i <= n; i++)
        {
            best[i] = new double[states];
            sum[i] = new double[states];
            back[i] = new Step[states];
            Array.Fill(best[i], double.PositiveInfinity);
            Array.Fill(sum[i], double.NegativeInfinity);
        }
        best[0][0] = 0;
        sum[0][0] = 0;
        Span<double> costs = new double[lattice.Classes];
        for (int end = 0; end <= n; end++)
        {
            if (end > 0)
            {
                foreach (var segment in lattice.EndingAt[end - 1])
                {
                    for (int label = 0; label < costs.Length; label++) costs[label] = double.NaN;
                    Advance(segment, end, costs);
                }
            }
            SkipMissing(end);
        }
        int final = -1;
        double total = double.NegativeInfinity;
        for (int s = 0; s < states; s++)
        {
            if (!automaton.Accepting[s]) continue;
            total = LogAdd(total, sum[n][s]);
            if (best[n][s] < double.PositiveInfinity && (final < 0 || best[n][s] < best[n][final])) final = s;
        }
        if (final < 0) return null;
        var text = new List<string>();
        var characters = new List<Found>();
        for (int position = n, state = final; position > 0 || state != 0;)
        {
            var step = back[position][state];
            if (step.Edge >= 0)
            {
                var edge = automaton.Edges[step.State][step.Edge];
                text.Add(edge.Text);
                if (step.Segment >= 0)
                {
                    var segment = lattice.Segments[step.Segment];
                    float confidence = edge.Label < 0 ? 1 : lattice.Probabilities(segment)[edge.Label] + (edge.Twin < 0 ? 0 : lattice.Probabilities(segment)[edge.Twin]);
                    characters.Add(new Found(edge.Text, confidence, segment.Box));
                }
            }
            (position, state) = (step.Position, step.State);
        }
        text.Reverse();
        characters.Reverse();
        return (string.Concat(text), characters, total);

        void Advance(in LineLattice.Segment segment, int end, Span<double> costs)
        {
            double[] from = best[segment.First], fromSum = sum[segment.First];
            int number = segment.Scores / lattice.Classes;
            double speckCost = lattice.SpeckCost(segment);
            for (int s = 0; s < states; s++)
            {
                if (double.IsPositiveInfinity(from[s])) continue;
                var edges = automaton.Edges[s];
                for (int e = 0; e < edges.Length; e++)
                {
                    var edge = edges[e];
                    double cost;
                    if (edge.Label < 0) cost = segment.JoinCost + MarkCost(edge.Text[0], segment, lattice.CharacterHeight);
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
                    Relax(end, edge.Target, from[s] + cost, fromSum[s] - cost, new Step(segment.First, s, number, e));
                }
                if (speckCost < double.PositiveInfinity) Relax(end, s, from[s] + speckCost, fromSum[s] - speckCost, new Step(segment.First, s, number, -1));
            }
        }

        // Marks that no label stands for may be missing on the picture (printed on the form, or not written)
        void SkipMissing(int position)
        {
            for (int s = 0; s < states; s++)
            {
                if (double.IsPositiveInfinity(best[position][s])) continue;
                var edges = automaton.Edges[s];
                for (int e = 0; e < edges.Length; e++)
                    if (edges[e].Label < 0 && edges[e].Target > s)
                        Relax(position, edges[e].Target, best[position][s] + MissingMarkCost, sum[position][s] - MissingMarkCost, new Step(position, s, -1, e));
            }
        }

        void Relax(int position, int state, double cost, double logProbability, Step step)
        {
            sum[position][state] = LogAdd(sum[position][state], logProbability);
            if (cost >= best[position][state]) return;
            best[position][state] = cost;
            back[position][state] = step;
        }
    }

    /// <summary>How unlike its usual shape a mark is that the network doesn't know.</summary>
    private static double MarkCost(char mark, in LineLattice.Segment segment, double height)
    {
        double ratio = Math.Log((double)segment.Box.Width / segment.Box.Height), size = Math.Max(segment.Box.Width, segment.Box.Height) / height;
        var (usualRatio, deviation, usualSize) = mark switch
        {
            '/' or '\\' or '(' or ')' or '[' or ']' or '!' => (-0.8, 0.5, 1.1),
            '|' => (-1.8, 0.6, 1.1),
            '-' or '_' or '=' or '~' => (1.2, 0.6, 0.5),
            '.' or ',' or '\'' => (0.0, 0.5, 0.2),
            ':' or ';' => (-1.0, 0.5, 0.6),
            _ => (0.0, 0.8, 0.9),
        };
        double z = (ratio - usualRatio) / deviation, s = Math.Log(Math.Max(0.02, size) / usualSize) / 0.5;
        return UnknownMarkCost + Math.Min(6, 0.5 * z * z) + Math.Min(6, 0.5 * s * s);
    }

    private static double LogAdd(double a, double b)
    {
        if (double.IsNegativeInfinity(a)) return b;
        if (double.IsNegativeInfinity(b)) return a;
        return a > b ? a + Math.Log(1 + Math.Exp(b - a)) : b + Math.Log(1 + Math.Exp(a - b));
    }
}
