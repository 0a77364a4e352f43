using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Pages;

namespace Recognizer.Training.Commands;

/// <summary>The image files that a command reads one by one, or the same part of each (<c>--region</c>).</summary>
internal sealed class ImageFiles
{
    public Argument<string[]> Argument { get; } = new("IMAGE")
    {
        Arity = ArgumentArity.OneOrMore,
        CustomParser = result => [.. result.Tokens.SelectMany(token => Named(token.Value))],
    };

    public ImageFiles(string description)
    {
        Argument.Description = $"{description}; * and ? in a file's name stand for any characters and for one";
        // Whatever is no option is taken for a file, a misspelt option too.
        Argument.Validators.Add(result =>
        {
            foreach (Token token in result.Tokens)
                if (token.Value.StartsWith("--", StringComparison.Ordinal) && !File.Exists(token.Value)) result.AddError($"Unrecognized command or argument '{token.Value}'.");
        });
    }

    public Option<BoundingBox?> Region { get; } = new("--region")
    {
        Description = "The part of each image that is read, in pixels of the image as it is read, upright and with square pixels; boxes stay those of the whole image",
        HelpName = "LEFT,TOP,WIDTH,HEIGHT",
        CustomParser = ParseRegion,
    };

    /// <summary>A box that was found in what <see cref="Read"/> gave, in the whole image.</summary>
    public BoundingBox InWhole(ParseResult result, BoundingBox box) => result.GetValue(Region) is { } region ? box.Offset(region.Left, region.Top) : box;

    /// <summary>Reads each file; those that can't be read are named on standard error and left out, as the others are still worth reading.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="host">Where failures go.</param>
    /// <param name="read">Makes the result of an image.</param>
    /// <param name="take">Takes the result, before the next file is read.</param>
    /// <returns>The exit code: whether all could be read.</returns>
    public int Read<T>(ParseResult result, CommandHost host, Func<Image, T> read, Action<string, T> take)
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
            Image image;
            try
            {
                image = ImageDecoder.Decode(File.ReadAllBytes(file));
                if (result.GetValue(Region) is { } part) image = image.Crop(part.Left, part.Top, part.Width, part.Height);
            }
            catch (Exception exception) when (exception is ImageFormatException or IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
            {
                // What systems say of a folder is that access is denied.
                host.Error.WriteLine(Directory.Exists(file) ? $"error: {file} is a folder; give its files, such as {Path.Combine(file, "*.png")}" : $"error: {file}: {CommandLine.Message(exception)}");
                exitCode = CommandLine.Failed;
                continue;
            }
            take(file, read(image));
        }
        return exitCode;
    }

    /// <summary>The files that an argument names: itself, or those whose names fit the pattern that it is. Not every shell replaces patterns, those of Windows don't.</summary>
    private static string[] Named(string argument)
    {
        string pattern = Path.GetFileName(argument), folder = argument[..^pattern.Length];
        if (!pattern.AsSpan().ContainsAny('*', '?') || File.Exists(argument)) return [argument];
        try
        {
            // Where a backslash may be in a name it would escape what follows it
            string[] files = [.. Directory.EnumerateFiles(folder.Length > 0 ? folder : ".", pattern.Replace(@"\", @"\\", StringComparison.Ordinal), new EnumerationOptions()).Select(file => folder + Path.GetFileName(file)).Order(StringComparer.Ordinal)];
            return files.Length > 0 ? files : [argument];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Reading it says what is wrong
            return [argument];
        }
    }

    private static BoundingBox? ParseRegion(ArgumentResult result)
    {
        string[] parts = result.Tokens[0].Value.Split(',');
        var numbers = new int[4];
        bool areNumbers = parts.Length == numbers.Length;
        for (int i = 0; areNumbers && i < parts.Length; i++) areNumbers = int.TryParse(parts[i], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out numbers[i]);
        if (areNumbers && numbers is [_, _, > 0, > 0]) return new BoundingBox(numbers[0], numbers[1], numbers[2], numbers[3]);
        result.AddError("--region takes LEFT,TOP,WIDTH,HEIGHT in whole pixels, none of them negative, such as 120,40,300,60.");
        return null;
    }
}
