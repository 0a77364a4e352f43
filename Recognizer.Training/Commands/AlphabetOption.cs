using System.CommandLine;
using Recognizer.Inference;

namespace Recognizer.Training.Commands;

/// <summary><c>--alphabet</c>: a named set of characters, or the characters themselves.</summary>
internal sealed class AlphabetOption
{
    public AlphabetOption(string description)
    {
        Option = new Option<string?>("--alphabet") { Description = description, HelpName = "digits|upper|lower|letters|alphanumeric|CHARACTERS" };
        Option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { Length: 0 }) result.AddError("--alphabet needs at least one character.");
        });
    }

    public Option<string?> Option { get; }

    public Alphabet? Value(ParseResult result) => result.GetValue(Option) is { } text ? Alphabet.Parse(text) : null;
}
