using System.CommandLine;
using Recognizer.Inference;

namespace Recognizer.Training.Commands;

/// <summary><c>--alphabet</c>: a named set of characters, or the characters themselves.</summary>
internal sealed class AlphabetOption(string description)
{
    public Option<string?> Option { get; } = new("--alphabet") { Description = description, HelpName = "digits|upper|lower|letters|alphanumeric|CHARACTERS" };

    public Alphabet? Value(ParseResult result) => result.GetValue(Option) is { } text ? Alphabet.Parse(text) : null;
}
