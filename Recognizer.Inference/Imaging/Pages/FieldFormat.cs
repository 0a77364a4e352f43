using System.Buffers;
using System.Globalization;
using System.Text;

namespace Recognizer.Inference.Imaging.Pages;

/// <summary>The strings that a form field may hold, as a finite automaton over characters.</summary>
/// <remarks>A character is what a reader takes for one, a Unicode text element: also a letter with its combining accents, or an emoji.</remarks>
public sealed class FieldFormat
{
    private const int MaxStates = 500_000;

    private const string MaskPrefix = "mask:", ExpressionPrefix = "regex:";

    private static readonly SearchValues<char> s_expressionSigns = SearchValues.Create("[](){}*+?|\\^$");

    /// <summary>A set of characters that leads from one state to another.</summary>
    internal readonly record struct Transition(CharacterSet Set, int Target);

    private FieldFormat(string description, List<Transition>[] transitions, bool[] accepting)
    {
        Description = description;
        Transitions = transitions;
        Accepting = accepting;
    }

    /// <summary>What the format was made from.</summary>
    public string Description { get; }

    /// <summary>Transitions by state; the first state is the start.</summary>
    internal List<Transition>[] Transitions { get; }

    internal bool[] Accepting { get; }

    /// <summary>Takes a text as a regular expression where it has any of <c>[ ] ( ) { } * + ? | \ ^ $</c>, else as a mask; <c>mask:</c> or <c>regex:</c> before it says which it is,
    /// as in <c>mask:(ddd) ddd-dddd</c>.</summary>
    /// <exception cref="ArgumentException">The text is empty.</exception>
    /// <exception cref="FormatException">The text is neither.</exception>
    public static FieldFormat Parse(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        if (text is MaskPrefix or ExpressionPrefix) throw new FormatException($"There is nothing after '{text}'.");
        if (text.StartsWith(MaskPrefix, StringComparison.Ordinal)) return FromMask(text[MaskPrefix.Length..]);
        if (text.StartsWith(ExpressionPrefix, StringComparison.Ordinal)) return FromRegularExpression(text[ExpressionPrefix.Length..]);
        return text.AsSpan().ContainsAny(s_expressionSigns) ? FromRegularExpression(text) : FromMask(text);
    }

    /// <summary>A mask: <c>d</c> stands for a digit, <c>A</c> for an upper-case letter, <c>a</c> for a lower-case one, <c>L</c> for any
    /// letter, <c>x</c> for a letter or digit; every other character for itself. Example: <c>dd/dd/dddd</c>.</summary>
    public static FieldFormat FromMask(string mask)
    {
        ArgumentException.ThrowIfNullOrEmpty(mask);
        var nfa = new Nfa();
        int state = Nfa.Start;
        foreach (string character in Characters(mask))
        {
            int next = nfa.Add();
            nfa.Connect(state, character switch
            {
                "d" => CharacterSet.Digit,
                "A" => new CharacterSet([('A', 'Z')]),
                "a" => new CharacterSet([('a', 'z')]),
                "L" => new CharacterSet([('A', 'Z'), ('a', 'z')]),
                "x" => CharacterSet.Word,
                _ => CharacterSet.Of(character),
            }, next);
            state = next;
        }
        return nfa.ToFormat(mask, state);
    }

    /// <summary>A regular expression of literals, <c>.</c>, <c>\d</c>, <c>\w</c>, escapes, sets <c>[a-z0-9]</c> and <c>[^…]</c>, groups, <c>|</c>,
    /// and the repetitions <c>? * + {n} {n,} {n,m}</c>; it describes the whole field, so <c>^</c> and <c>$</c> at its ends say nothing.</summary>
    /// <exception cref="FormatException">The expression isn't of this kind; the message names the position.</exception>
    public static FieldFormat FromRegularExpression(string expression)
    {
        ArgumentException.ThrowIfNullOrEmpty(expression);
        return new Parser(expression).Parse();
    }

    /// <summary>One of a list of words. Spaces around a word are left out, and so are words of nothing but spaces.</summary>
    /// <exception cref="ArgumentException">There is no word, one is empty, or they need more than 500,000 states, of which common beginnings and endings share theirs: 100,000
    /// numbers or names need fewer.</exception>
    public static FieldFormat FromWords(IEnumerable<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        var sorted = new List<string>();
        foreach (string word in words)
        {
            ArgumentException.ThrowIfNullOrEmpty(word, nameof(words));
            if (!string.IsNullOrWhiteSpace(word)) sorted.Add(word.Trim());
        }
        if (sorted.Count == 0) throw new ArgumentException("A list of words needs at least one.", nameof(words));
        sorted.Sort(StringComparer.Ordinal);
        // Words share the states of their common beginnings and endings. In this order no word changes the states of the one before but those of the beginning that they share: the others
        // are complete, and each becomes one with a state that leads on as it does, if there is any.
        var open = new List<WordState> { new() };
        var numbers = new Dictionary<WordState, int>();
        var complete = new List<WordState> { open[0] };
        var sets = new Dictionary<string, CharacterSet>(StringComparer.Ordinal);
        string[] last = [];
        foreach (string word in sorted)
        {
            string[] characters = [.. Characters(word)];
            Complete(characters.AsSpan().CommonPrefixLength(last));
            while (open.Count <= characters.Length) open.Add(new WordState());
            open[^1].IsAccepting = true;
            last = characters;
        }
        Complete(0);
        return new FieldFormat($"{sorted.Count} words", [.. complete.Select(state => state.Transitions)], [.. complete.Select(state => state.IsAccepting)]);

        // The states of the last word beyond some characters
        void Complete(int depth)
        {
            for (int i = open.Count - 1; i > depth; i--)
            {
                if (!numbers.TryGetValue(open[i], out int number))
                {
                    number = complete.Count;
                    if (number >= MaxStates) throw new ArgumentException($"The words need more than {MaxStates} states.", nameof(words));
                    complete.Add(open[i]);
                    numbers.Add(open[i], number);
                }
                if (!sets.TryGetValue(last[i - 1], out CharacterSet? set)) sets[last[i - 1]] = set = CharacterSet.Of(last[i - 1]);
                open[i - 1].Transitions.Add(new Transition(set, number));
                open.RemoveAt(i);
            }
        }
    }

    /// <summary>A state of a list of words; equal to another from which the same words lead on, once those that it leads to are numbered.</summary>
    private sealed class WordState : IEquatable<WordState>
    {
        public List<Transition> Transitions { get; } = [];

        public bool IsAccepting { get; set; }

        public bool Equals(WordState? other) => other is not null && IsAccepting == other.IsAccepting && Transitions.SequenceEqual(other.Transitions);

        public override bool Equals(object? obj) => Equals(obj as WordState);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(IsAccepting);
            foreach (Transition transition in Transitions) hash.Add(transition);
            return hash.ToHashCode();
        }
    }

    /// <summary>Whether a text fits.</summary>
    public bool Matches(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var states = new HashSet<int> { 0 };
        foreach (string character in Characters(text))
        {
            states = [.. states.SelectMany(s => Transitions[s]).Where(t => t.Set.Contains(character)).Select(t => t.Target)];
        }
        return states.Any(s => Accepting[s]);
    }

    /// <summary>Whether a text is one character.</summary>
    internal static bool IsCharacter(string text) => text.Length > 0 && StringInfo.GetNextTextElementLength(text) == text.Length;

    private static IEnumerable<string> Characters(string text)
    {
        for (int i = 0, length; i < text.Length; i += length)
        {
            length = StringInfo.GetNextTextElementLength(text, i);
            yield return text.Substring(i, length);
        }
    }

    /// <summary>The format's description.</summary>
    public override string ToString() => Description;

    /// <summary>Characters, given by ranges of code points; those of several code points one by one.</summary>
    internal sealed class CharacterSet((int First, int Last)[] ranges, string[]? composed = null, bool negated = false)
    {
        public static CharacterSet Digit { get; } = new([('0', '9')]);

        public static CharacterSet Word { get; } = new([('0', '9'), ('A', 'Z'), ('a', 'z')]);

        public static CharacterSet Any { get; } = new([], negated: true);

        public IReadOnlyList<(int First, int Last)> Ranges => ranges;

        public IReadOnlyList<string> Composed => composed ?? [];

        /// <summary>The only character of the set, if it has but one.</summary>
        public string? Single { get; } = negated ? null
            : composed is [var only] && ranges.Length == 0 ? only
            : composed is null or [] && ranges.Length == 1 && ranges[0].First == ranges[0].Last ? char.ConvertFromUtf32(ranges[0].First)
            : null;

        public static CharacterSet Of(string character) => CodePoint(character) is >= 0 and var code ? new([(code, code)]) : new([], [character]);

        /// <summary>A character's code point, or −1 if it has several.</summary>
        public static int CodePoint(string character) =>
            Rune.DecodeFromUtf16(character, out var rune, out int length) == OperationStatus.Done && length == character.Length ? rune.Value : -1;

        public bool Contains(string character)
        {
            int code = CodePoint(character);
            if (code < 0) return composed?.Contains(character) == true != negated;
            foreach (var (first, last) in ranges) if (code >= first && code <= last) return !negated;
            return negated;
        }
    }

    /// <summary>An automaton under construction, with empty transitions.</summary>
    private sealed class Nfa
    {
        private readonly List<List<(CharacterSet? Set, int Target)>> _states = [[]];

        public const int Start = 0;

        public int Count => _states.Count;

        public int Add()
        {
            _states.Add([]);
            return _states.Count - 1;
        }

        public void Connect(int from, CharacterSet? set, int to) => _states[from].Add((set, to));

        /// <summary>Leaves out the empty transitions: a state gets those of all states that it reaches without reading.</summary>
        public FieldFormat ToFormat(string description, int end)
        {
            var transitions = new List<Transition>[_states.Count];
            var accepting = new bool[_states.Count];
            for (int i = 0; i < _states.Count; i++)
            {
                var own = new List<Transition>();
                var seen = new HashSet<int> { i };
                var open = new Stack<int>(seen);
                while (open.TryPop(out int state))
                {
                    accepting[i] |= state == end;
                    foreach (var (set, target) in _states[state])
                    {
                        if (set != null) own.Add(new Transition(set, target));
                        else if (seen.Add(target)) open.Push(target);
                    }
                }
                transitions[i] = own;
            }
            return new FieldFormat(description, transitions, accepting);
        }
    }

    /// <summary>Recursive descent over an expression, building the automaton by Thompson's construction.</summary>
    private sealed class Parser(string text)
    {
        private const int MaxRepeat = 1000, MaxNesting = 100, MaxExpressionStates = 5000;
        private readonly Nfa _nfa = new();
        private int _position, _nesting;

        public FieldFormat Parse()
        {
            if (text[0] == '^') _position++;
            int end = Alternatives(Nfa.Start);
            if (_position < text.Length && text[_position] == '$' && _position == text.Length - 1) _position++;
            if (_position < text.Length) throw Error("expected the end of the expression");
            return _nfa.ToFormat(text, end);
        }

        private FormatException Error(string problem) => Error(problem, _position, _position < text.Length ? $"'{text.AsSpan(_position, StringInfo.GetNextTextElementLength(text, _position))}'" : "its end");

        /// <summary>What was read from a position on isn't what may stand there.</summary>
        private FormatException Error(string problem, int start) => Error(problem, start, $"'{text[start.._position]}'");

        private static FormatException Error(string problem, int position, string found) => new($"Regular expression, position {position}: {problem}, found {found}.");

        private int Alternatives(int start)
        {
            if (++_nesting > MaxNesting) throw Error($"expected at most {MaxNesting} nested groups", _position, "more");
            int end = _nfa.Add();
            do
            {
                int from = _nfa.Add();
                _nfa.Connect(start, null, from);
                _nfa.Connect(Sequence(from), null, end);
            }
            while (_position < text.Length && text[_position] == '|' && ++_position > 0);
            _nesting--;
            return end;
        }

        private int Sequence(int state)
        {
            while (_position < text.Length && text[_position] is not ('|' or ')') && !(text[_position] == '$' && _position == text.Length - 1)) state = Repetition(state);
            return state;
        }

        private int Repetition(int start)
        {
            int atom = _position;
            int end = Atom(start);
            var (least, most) = Count();
            if (least == 1 && most == 1) return end;
            int next = _position;
            // The first copy exists; where it may be left out, it is bypassed, and further copies are parsed again from the text
            if (least == 0)
            {
                // a fresh start, so that a loop to it doesn't pass through what comes before
                int done = _nfa.Add();
                _nfa.Connect(start, null, done);
                _nfa.Connect(end, null, done);
                if (most == int.MaxValue)
                {
                    int loop = _nfa.Add();
                    _nfa.Connect(end, null, loop);
                    _position = atom;
                    int again = Atom(loop);
                    _nfa.Connect(again, null, loop);
                    _nfa.Connect(again, null, done);
                }
                else
                {
                    for (int i = 1; i < most; i++)
                    {
                        _position = atom;
                        end = Atom(end);
                        _nfa.Connect(end, null, done);
                    }
                }
                _position = next;
                return done;
            }
            for (int i = 1; i < least; i++)
            {
                _position = atom;
                end = Atom(end);
            }
            if (most == int.MaxValue)
            {
                int loop = _nfa.Add();
                _nfa.Connect(end, null, loop);
                _position = atom;
                _nfa.Connect(Atom(loop), null, loop);
                end = loop;
            }
            else if (most > least)
            {
                int done = _nfa.Add();
                _nfa.Connect(end, null, done);
                for (int i = least; i < most; i++)
                {
                    _position = atom;
                    end = Atom(end);
                    _nfa.Connect(end, null, done);
                }
                end = done;
            }
            _position = next;
            return end;
        }

        private (int Least, int Most) Count()
        {
            if (_position >= text.Length) return (1, 1);
            switch (text[_position])
            {
                case '?':
                    _position++;
                    return (0, 1);
                case '*':
                    _position++;
                    return (0, int.MaxValue);
                case '+':
                    _position++;
                    return (1, int.MaxValue);
                case '{':
                    int start = _position++;
                    int least = Number(), most = least;
                    if (_position < text.Length && text[_position] == ',')
                    {
                        _position++;
                        most = _position < text.Length && text[_position] == '}' ? int.MaxValue : Number();
                    }
                    if (_position >= text.Length || text[_position] != '}') throw Error("expected '}'");
                    _position++;
                    if (most == 0) throw Error("expected a repetition of at least one", start);
                    if (most < least) throw Error("expected a second number that isn't below the first", start);
                    return (least, most);
                default:
                    return (1, 1);
            }
        }

        private int Number()
        {
            int start = _position;
            while (_position < text.Length && char.IsAsciiDigit(text[_position])) _position++;
            if (!int.TryParse(text.AsSpan(start, _position - start), NumberStyles.None, CultureInfo.InvariantCulture, out int value) || value > MaxRepeat)
                throw _position > start ? Error($"expected a number of at most {MaxRepeat}", start) : Error($"expected a number of at most {MaxRepeat}");
            return value;
        }

        private int Atom(int start)
        {
            if (_nfa.Count > MaxExpressionStates) throw Error($"expected an expression of at most {MaxExpressionStates} states", _position, "more");
            char c = text[_position];
            if (c == '(')
            {
                _position++;
                if (text.AsSpan(_position).StartsWith("?:")) _position += 2;
                int inner = _nfa.Add();
                _nfa.Connect(start, null, inner);
                int end = Alternatives(inner);
                if (_position >= text.Length) throw Error("expected ')'");
                _position++;
                return end;
            }
            int next = _nfa.Add();
            _nfa.Connect(start, c == '[' ? Set() : Character(), next);
            return next;
        }

        private CharacterSet Character()
        {
            switch (text[_position])
            {
                case '.':
                    _position++;
                    return CharacterSet.Any;
                case '\\':
                    _position++;
                    if (_position >= text.Length) throw Error("expected a character after '\\'");
                    char c = text[_position];
                    if (c is 'd' or 'w')
                    {
                        _position++;
                        return c == 'd' ? CharacterSet.Digit : CharacterSet.Word;
                    }
                    if (char.IsAsciiLetterOrDigit(c)) throw Error("expected \\d, \\w or an escaped punctuation mark");
                    return Literal();
                case '*' or '+' or '?' or '{' or '}' or ']' or '^' or '$':
                    throw Error("expected a character, a set or a group");
                default:
                    return Literal();
            }
        }

        private CharacterSet Literal()
        {
            int start = _position;
            _position += StringInfo.GetNextTextElementLength(text, start);
            return CharacterSet.Of(text[start.._position]);
        }

        /// <summary>What stands in a set, or at either end of a range in it: a character, or a backslash and what it gives.</summary>
        private CharacterSet Member() => text[_position] == '\\' ? Character() : Literal();

        private CharacterSet Set()
        {
            int opening = _position++;
            bool negated = _position < text.Length && text[_position] == '^';
            if (negated) _position++;
            var ranges = new List<(int, int)>();
            var composed = new List<string>();
            while (_position < text.Length && text[_position] != ']')
            {
                int start = _position;
                var set = Member();
                int first = CodePoint(set);
                if (first >= 0 && _position + 1 < text.Length && text[_position] == '-' && text[_position + 1] != ']')
                {
                    int second = ++_position;
                    var end = Member();
                    int last = CodePoint(end);
                    if (last < 0) throw Error("expected a single character as the end of the range", second);
                    if (last < first) throw Error("expected a range that rises", start);
                    ranges.Add((first, last));
                    continue;
                }
                ranges.AddRange(set.Ranges);
                composed.AddRange(set.Composed);
            }
            if (_position >= text.Length) throw Error("expected ']'");
            _position++;
            if (ranges.Count == 0 && composed.Count == 0) throw Error("expected a character in the set", opening);
            return new CharacterSet([.. ranges], [.. composed], negated);

            static int CodePoint(CharacterSet set) => set.Single is { } single ? CharacterSet.CodePoint(single) : -1;
        }
    }
}
