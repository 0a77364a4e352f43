using System.CommandLine;
using Recognizer.Inference;

namespace Recognizer.Training.Commands;

/// <summary><c>--alphabet</c>: a named set of characters, or the characters themselves.</summary>
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

    public AlphabetOption(string description)
    {
        Option = new Option<string?>("--alphabet") { Description = description, HelpName = "digits|upper|lower|letters|alphanumeric|CHARACTERS" };
        Option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && s_mistakes.TryGetValue(text, out Alphabet? meant))
                result.AddError($"--alphabet {text} would be its characters; did you mean {meant}?");
        });
    }

    public Option<string?> Option { get; }

    public Alphabet? Value(ParseResult result) => result.GetValue(Option) is { } text ? Alphabet.Parse(text) : null;
}
