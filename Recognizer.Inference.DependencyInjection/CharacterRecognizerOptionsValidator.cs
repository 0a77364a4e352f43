using Microsoft.Extensions.Options;

namespace Recognizer.Inference.DependencyInjection;

/// <summary>Says what is wrong with options, all of it at once.</summary>
internal sealed class CharacterRecognizerOptionsValidator : IValidateOptions<CharacterRecognizerOptions>
{
    public ValidateOptionsResult Validate(string? name, CharacterRecognizerOptions options)
    {
        var failures = new List<string>();
        if (options.ModelPath is { } path && !File.Exists(path))
            failures.Add($"{nameof(options.ModelPath)}: there is no file '{Path.GetFullPath(path.Length == 0 ? "." : path)}'.");
        if (options.ModelPath is null && !Enum.IsDefined(options.Shipped)) failures.Add($"{nameof(options.Shipped)} is {options.Shipped}, expected Characters or Digits.");
        if (options.Alphabet is { Length: 0 }) failures.Add($"{nameof(options.Alphabet)} is empty; leave it out to allow all labels.");
        if (options.Top < 1) failures.Add($"{nameof(options.Top)} is {options.Top}, expected at least 1.");
        if (options.Threads < 1) failures.Add($"{nameof(options.Threads)} is {options.Threads}, expected at least 1.");
        if (!Enum.IsDefined(options.DefaultLayout)) failures.Add($"{nameof(options.DefaultLayout)} is {options.DefaultLayout}, expected Emnist or Mnist.");
        if (options.Decoder is null) failures.Add($"{nameof(options.Decoder)} is null, expected limits.");
        else foreach ((string limit, long value) in (ReadOnlySpan<(string, long)>)[(nameof(options.Decoder.MaxPixels), options.Decoder.MaxPixels), (nameof(options.Decoder.MaxFileBytes), options.Decoder.MaxFileBytes), (nameof(options.Decoder.MaxMemoryBytes), options.Decoder.MaxMemoryBytes)])
            if (value < 1) failures.Add($"{nameof(options.Decoder)}.{limit} is {value}, expected at least 1.");
        if (options.SettleTime < TimeSpan.Zero || options.SettleTime > TimeSpan.FromMinutes(1))
            failures.Add($"{nameof(options.SettleTime)} is {options.SettleTime}, expected 0 … 1 minute.");
        if (options.PollingInterval < TimeSpan.FromMilliseconds(10) || options.PollingInterval > TimeSpan.FromDays(1))
            failures.Add($"{nameof(options.PollingInterval)} is {options.PollingInterval}, expected 10 milliseconds … 1 day.");
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
