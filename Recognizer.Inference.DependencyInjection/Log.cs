using Microsoft.Extensions.Logging;

namespace Recognizer.Inference.DependencyInjection;

/// <summary>What is logged, under the category <c>Recognizer.Inference.CharacterRecognizer</c>.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Loaded the model {Path} with {Classes} classes")]
    public static partial void Loaded(ILogger logger, string path, int classes);

    [LoggerMessage(2, LogLevel.Information, "Replaced the model by the changed file {Path} in {Milliseconds} ms; it is version {Version}")]
    public static partial void Replaced(ILogger logger, string path, long milliseconds, long version);

    [LoggerMessage(3, LogLevel.Error, "Kept the model in use, because the changed file {Path} can't be used: {Reason}")]
    public static partial void Refused(ILogger logger, string path, string reason);

    [LoggerMessage(4, LogLevel.Warning, "The model file {Path} is gone; the model in use stays")]
    public static partial void Gone(ILogger logger, string path);

    [LoggerMessage(5, LogLevel.Debug, "Changes of {Path} are found by polling only: {Reason}")]
    public static partial void PollingOnly(ILogger logger, string path, string reason);

    [LoggerMessage(6, LogLevel.Information, "Loaded the shipped model {Shipped} with {Classes} classes")]
    public static partial void LoadedShipped(ILogger logger, ShippedModel shipped, int classes);
}
