using System.Globalization;

namespace Recognizer.Inference.Imaging.Pages;

/// <summary>A format in terms of a scorer's labels. Each text takes one way through it, so that none counts more than once among all texts that fit.</summary>
internal sealed class FieldAutomaton
{
    // Letters whose other case may be written like them but for its size. A small l may have a foot, but no capital L is a stroke.
    private const string Alike = "CIJKMOPSUVWXYZcijklmopsuvwxyz";

    // Capital letters with accents, by the one that is under them
    private static readonly string[] s_accented = ["AÀÁÂÃÄÅĀĂĄ", "CÇĆĈĊČ", "DĎĐ", "EÈÉÊËĒĔĖĘĚ", "GĜĞĠĢ", "HĤĦ", "IÌÍÎÏĨĪĬĮİı", "JĴ", "KĶ", "LĹĻĽĿŁ", "NÑŃŅŇ", "OÒÓÔÕÖØŌŎŐ", "RŔŖŘ", "SŚŜŞŠ", "TŢŤŦ",
        "UÙÚÛÜŨŪŬŮŰŲ", "WŴ", "YÝŶŸ", "ZŹŻŽ"];

    // In place of a label: there is none, the alphabet excludes it, or a space, which is no ink
    private const int Unknown = -1, Excluded = -2, Space = -3;

    /// <summary>Transitions that are looked at, at most, to make one way of several, and states that come of one. An expression that needs more, such as <c>(\d?){500}</c> or
    /// <c>.*0.{15}</c>, keeps its ways, and confidences are too low; it may have so many edges.</summary>
    private const int MaxWork = 5_000_000, MaxGrowth = 4, FreeStates = 1000, MaxEdges = 1_500_000;

    /// <summary>A transition by one character.</summary>
    /// <param name="Target">State that it leads to.</param>
    /// <param name="Text">The character.</param>
    /// <param name="Label">Its label, or <see cref="Unknown"/>, <see cref="Excluded"/> or <see cref="Space"/>.</param>
    /// <param name="Twin">A label that is as good, or −1.</param>
    public readonly record struct Edge(int Target, string Text, int Label, int Twin)
    {
        /// <summary>Whether it is a mark that is known by its shape only.</summary>
        public bool IsMark => Label == Unknown;

        public bool IsSpace => Label == Space;
    }

    private readonly string[] _labels;

    private FieldAutomaton(string[] labels, Edge[][] edges, bool[] accepting)
    {
        _labels = labels;
        (Edges, Accepting) = (edges, accepting);
        HasSpaces = Array.Exists(edges, own => Array.Exists(own, e => e.IsSpace));
        Silent = [.. Enumerable.Range(0, edges.Length).Where(s => Array.Exists(edges[s], e => e.IsMark || e.IsSpace))];
    }

    /// <exception cref="ArgumentException">The expression has too many ways.</exception>
    public static FieldAutomaton Of(FieldFormat format, in SteadyScorer steady)
    {
        var vocabulary = new Vocabulary(steady);
        return Make(format, vocabulary, deterministic: true) ?? Make(format, vocabulary, deterministic: false)!;
    }

    /// <summary>The one text that a path has.</summary>
    public static FieldAutomaton Of(List<Edge> path, in SteadyScorer steady) => new([.. steady.Labels],
        [.. path.Select((edge, i) => new[] { edge with { Target = i + 1 } }), []], [.. path.Select(_ => false), true]);

    /// <summary>Subset construction: what the format's states reach by the same character is one state. Null where that is too much work.</summary>
    private static FieldAutomaton? Make(FieldFormat format, Vocabulary vocabulary, bool deterministic)
    {
        int work = 0, count = 0;
        var numbers = new Dictionary<int[], int>(new SameNumbers());
        var sets = new List<int[]>();
        var edges = new List<List<Edge>>();
        Number([0]);
        for (int state = 0; state < sets.Count; state++)
        {
            if (deterministic && sets.Count > MaxGrowth * format.Transitions.Length + FreeStates) return null;
            var targets = new Dictionary<string, SortedSet<int>>(StringComparer.Ordinal);
            var seen = new HashSet<FieldFormat.Transition>();
            foreach (int member in sets[state])
            {
                foreach (FieldFormat.Transition transition in format.Transitions[member])
                {
                    if (deterministic && ++work > MaxWork) return null;
                    if (!seen.Add(transition)) continue;
                    foreach (string text in vocabulary.Of(transition.Set))
                    {
                        if (deterministic && ++work > MaxWork) return null;
                        if (!targets.TryGetValue(text, out SortedSet<int>? reached)) targets[text] = reached = [];
                        reached.Add(transition.Target);
                    }
                }
            }
            var own = new List<Edge>();
            foreach ((string text, SortedSet<int> reached) in targets)
            {
                Edge edge = vocabulary.Resolve(text, targets.ContainsKey);
                // What is excluded isn't answered, not even as a mark
                if (edge.Label == Excluded) continue;
                if (deterministic) own.Add(edge with { Target = Number([.. reached]) });
                else own.AddRange(reached.Select(target => edge with { Target = Number([target]) }));
            }
            edges.Add(own);
            if (!deterministic && (count += own.Count) > MaxEdges) throw new ArgumentException($"The expression '{format}' has too many ways.", nameof(format));
        }
        return InOrder(vocabulary.Labels, edges, [.. sets.Select(set => Array.Exists(set, s => format.Accepting[s]))]);

        int Number(int[] set)
        {
            if (numbers.TryGetValue(set, out int number)) return number;
            sets.Add(set);
            return numbers[set] = sets.Count - 1;
        }
    }

    /// <summary>Numbers the states so that all edges lead onwards but those of repetitions.</summary>
    private static FieldAutomaton InOrder(string[] labels, List<List<Edge>> edges, bool[] accepting)
    {
        // Depth first; a state is finished after all that it leads to, and the last to be finished comes first
        var order = new List<int>();
        var next = new int[edges.Count]; // 0 where a state wasn't reached yet, else one more than the number of its next edge
        var path = new Stack<int>([0]);
        next[0] = 1;
        while (path.TryPeek(out int state))
        {
            if (next[state] > edges[state].Count)
            {
                order.Add(path.Pop());
                continue;
            }
            int target = edges[state][next[state]++ - 1].Target;
            if (next[target] > 0) continue;
            next[target] = 1;
            path.Push(target);
        }
        order.Reverse();
        var numbers = new int[edges.Count];
        for (int i = 0; i < numbers.Length; i++) numbers[order[i]] = i;
        return new FieldAutomaton(labels, [.. order.Select(s => edges[s].Select(e => e with { Target = numbers[e.Target] }).ToArray())], [.. order.Select(s => accepting[s])]);
    }

    private sealed class SameNumbers : IEqualityComparer<int[]>
    {
        public bool Equals(int[]? one, int[]? other) => one.AsSpan().SequenceEqual(other);

        public int GetHashCode(int[] numbers)
        {
            var hash = new HashCode();
            foreach (int number in numbers) hash.Add(number);
            return hash.ToHashCode();
        }
    }

    /// <summary>Characters in terms of a scorer's labels.</summary>
    private sealed class Vocabulary
    {
        private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
        private readonly string[] _characters;
        private readonly Dictionary<FieldFormat.CharacterSet, string[]> _of = [];

        public Vocabulary(in SteadyScorer steady)
        {
            Labels = [.. steady.Labels];
            for (int i = 0; i < Labels.Length; i++) _index.TryAdd(Labels[i], steady.Allows(i) ? i : Excluded);
            _characters = [.. Labels.Where(FieldFormat.IsCharacter)];
        }

        public string[] Labels { get; }

        /// <summary>The characters of a set that can be read.</summary>
        public string[] Of(FieldFormat.CharacterSet set)
        {
            if (set.Single is { } single) return [single];
            if (!_of.TryGetValue(set, out string[]? texts)) _of[set] = texts = [.. _characters.Where(set.Contains).Concat(StoodInFor(set)).Concat(Marks(set)).Distinct(StringComparer.Ordinal)];
            return texts;
        }

        /// <summary>Letters that have no label but can be read by another's: lower case asked for from a model that has merged it into upper case, and letters with accents. Not where the set
        /// has those that they can't be told from, which count for all of them.</summary>
        private IEnumerable<string> StoodInFor(FieldFormat.CharacterSet set) => set.Ranges.Where(range => range.Last - range.First < 128)
            .SelectMany(range => Enumerable.Range(range.First, range.Last - range.First + 1).Select(char.ConvertFromUtf32)).Concat(set.Composed)
            .Where(text => !_index.ContainsKey(text) && set.Contains(text) && StandIn(text) is { } other && !set.Contains(other) && !(WithoutAccents(text) is { } plain && set.Contains(plain)));

        /// <summary>The label by which a letter is read that has none: of its other case, else of what it is without its accents.</summary>
        private string? StandIn(string text) =>
            OtherCase(text) is var other && _index.ContainsKey(other) ? other
            : WithoutAccents(text) is not { } plain ? null
            : _index.ContainsKey(plain) ? plain
            : StandIn(plain);

        /// <summary>Marks and spaces that a set names one by one: a range is of letters or digits, or of anything that there is a label for.</summary>
        private IEnumerable<string> Marks(FieldFormat.CharacterSet set) => set.Ranges.Where(range => range.First == range.Last).Select(range => char.ConvertFromUtf32(range.First)).Concat(set.Composed)
            .Where(text => set.Contains(text) && !_index.ContainsKey(text) && !char.IsLetterOrDigit(text, 0));

        /// <summary>The edge of a character, with no target yet.</summary>
        /// <param name="text">The character.</param>
        /// <param name="isChoice">Whether another one might stand in its place: if so, its label isn't as good.</param>
        public Edge Resolve(string text, Func<string, bool> isChoice)
        {
            if (string.IsNullOrWhiteSpace(text)) return new Edge(0, text, Space, -1);
            string other = OtherCase(text);
            int label = _index.GetValueOrDefault(text, Unknown), twin = other == text ? Unknown : _index.GetValueOrDefault(other, Unknown);
            if (label == Unknown && twin == Unknown && WithoutAccents(text) is { } plain) return Resolve(plain, letter => isChoice(letter) || isChoice(other)) with { Text = text };
            if (label == Unknown) return new Edge(0, text, twin, -1);
            bool isAlike = Alike.Contains(text, StringComparison.Ordinal) && !isChoice(other);
            return new Edge(0, text, label, isAlike ? Math.Max(twin, -1) : -1);
        }

        private static string OtherCase(string text) => text.ToUpperInvariant() is var upper && upper != text ? upper : text.ToLowerInvariant();

        /// <summary>A letter without its accents; null where it has none. (<see cref="string.Normalize()"/> does nothing where globalisation is invariant.)</summary>
        private static string? WithoutAccents(string text)
        {
            if (char.IsAsciiLetter(text[0])) return text.Length > 1 && text.Skip(1).All(c => char.GetUnicodeCategory(c) == UnicodeCategory.NonSpacingMark) ? text[..1] : null;
            char upper = char.ToUpperInvariant(text[0]);
            return text.Length > 1 || Array.Find(s_accented, letters => letters.Contains(upper, StringComparison.Ordinal)) is not { } own ? null
                : char.IsLower(text[0]) ? own[..1].ToLowerInvariant() : own[..1];
        }
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

    /// <summary>States that may be left without ink, in rising order.</summary>
    public int[] Silent { get; }

    public bool HasSpaces { get; }

    public bool IsFor(in SteadyScorer steady) => _labels.SequenceEqual(steady.Labels);
}
