using System.CommandLine;
using Recognizer.Inference.Imaging;

namespace Recognizer.Training.Commands;

/// <summary><c>--polarity</c>: whether writing is darker or lighter than what it is on.</summary>
internal sealed class PolarityOption
{
    private static readonly OrderedDictionary<string, Polarity> s_polarities = new(StringComparer.Ordinal)
    {
        ["detect"] = Polarity.Detect,
        ["dark"] = Polarity.DarkOnLight,
        ["light"] = Polarity.LightOnDark,
    };

    public PolarityOption() => Option.AcceptOnlyFromAmong([.. s_polarities.Keys]);

    public Option<string> Option { get; } = new("--polarity")
    {
        Description = "What the writing is beside its ground. Say light where it stands in several dark boxes, as the digits of a meter do: their light surroundings would pass for paper, and the boxes for ink",
        DefaultValueFactory = _ => s_polarities.Keys.First(),
    };

    public Polarity Value(ParseResult result) => s_polarities[result.GetValue(Option)!];
}
