using System.CommandLine;
using System.Globalization;

namespace Recognizer.Training.Commands;

/// <summary>Limits of options that take numbers.</summary>
internal static class NumberOption
{
    /// <summary>Refuses whole numbers outside a range; what is no number is refused by the parser itself.</summary>
    /// <param name="option">The option.</param>
    /// <param name="least">Least number.</param>
    /// <param name="most">Greatest number; without one any will do.</param>
    public static void Limit(this Option option, int least, int most = int.MaxValue) => option.Validators.Add(result =>
    {
        if (result.Tokens is [var token] && int.TryParse(token.Value, NumberStyles.Integer, CultureInfo.InvariantCulture, out int value) && (value < least || value > most))
            result.AddError(most == int.MaxValue ? $"{option.Name} takes a number of at least {least}." : $"{option.Name} takes a number from {least} to {most}.");
    });

    /// <summary>Refuses infinity and NaN, and separators of thousands, which the parser takes: 0,002 would be 2.</summary>
    /// <param name="option">The option.</param>
    public static void RequireFinite(this Option option) => option.Validators.Add(result =>
    {
        if (result.Tokens is not [var token]) return;
        if (!double.TryParse(token.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)) result.AddError($"{option.Name} takes a number such as 0.002.");
        else if (!double.IsFinite(value)) result.AddError($"{option.Name} takes a finite number.");
    });
}
