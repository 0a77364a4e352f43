using System.CommandLine;
using Recognizer.Inference.Imaging;

namespace Recognizer.Training.Commands;

/// <summary>The image files that a command reads one by one.</summary>
internal sealed class ImageFiles(string description)
{
    public Argument<string[]> Argument { get; } = new("IMAGE") { Description = description, Arity = ArgumentArity.OneOrMore };

    /// <summary>Reads each file; those that can't be read are named on standard error and left out, as the others are still worth reading.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="host">Where failures go.</param>
    /// <param name="read">Makes the result of a file's content.</param>
    /// <param name="take">Takes the result, before the next file is read.</param>
    /// <returns>The exit code: whether all could be read.</returns>
    public int Read<T>(ParseResult result, CommandHost host, Func<byte[], T> read, Action<string, T> take)
    {
        int exitCode = CommandLine.Done;
        foreach (string file in result.GetRequiredValue(Argument))
        {
            host.Cancellation.ThrowIfCancellationRequested();
            if (file.Length == 0)
            {
                // What a shell makes of a variable that isn't set.
                host.Error.WriteLine("error: an empty file name");
                exitCode = CommandLine.Failed;
                continue;
            }
            T own;
            try
            {
                own = read(File.ReadAllBytes(file));
            }
            catch (Exception exception) when (exception is ImageFormatException or IOException or UnauthorizedAccessException)
            {
                host.Error.WriteLine($"error: {file}: {exception.Message.ReplaceLineEndings(" ")}");
                exitCode = CommandLine.Failed;
                continue;
            }
            take(file, own);
        }
        return exitCode;
    }
}
