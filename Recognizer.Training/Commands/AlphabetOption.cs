using System.CommandLine;
using Recognizer.Inference;

namespace Recognizer.Training.Commands;

/// <summary><c>--alphabet</c>: a named set of characters, the characters themselves, or, repeated, labels of any length.</summary>
internal sealed class AlphabetOption
{
    /// <summary>What names are easily mistaken for; as characters they make no sense.</summary>
    private static readonly Dictionary<string, Alphabet> s_mistakes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["digit"] = Alphabet.Digits,
        ["letter"] = Alphabet.Letters,
        ["alpha"] = Alphabet.Letters,
        ["uppercase"] = Alphabet.Upper,
        ["lowercase"] = Alphabet.Lower,
    };

    public AlphabetOption(string description, string unlessGiven = "")
    {
        Option = new Option<string[]>("--alphabet")
        {
            Description = $"{description}; repeated, each is a label of one or more characters, and so is a single text that is a label of the model where its characters are none{unlessGiven}",
            HelpName = "digits|upper|lower|letters|alphanumeric|CHARACTERS",
        };
    }

    public Option<string[]> Option { get; }

    /// <summary>What is given, as <see cref="Fitting.TrainingConfig.Classes"/> takes it; but one text may be one label, where that is what the model has.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="labels">Those of the model.</param>
    /// <exception cref="UsageException">A name is misspelt, or given as a label that the model doesn't have.</exception>
    public Alphabet? Value(ParseResult result, IReadOnlyList<string> labels)
    {
        if (result.GetValue(Option) is not { Length: > 0 } texts) return null;
        if (texts is [var text])
        {
            Alphabet meant = Alphabet.Parse(text);
            if (labels.Contains(text) && !labels.Any(meant.Contains)) return Alphabet.Of(texts);
            if (s_mistakes.TryGetValue(text, out Alphabet? name)) throw new UsageException($"--alphabet {text} would be its characters; did you mean {name}?");
            return meant;
        }
        if (texts.FirstOrDefault(label => Alphabet.Parse(label).IsPredefined && !labels.Contains(label)) is { } named)
            throw new UsageException($"--alphabet {named} stands alone; repeated, each is a label, and the model has none '{named}'.");
        return Alphabet.Of(texts);
    }
}
