using System.ComponentModel;
using System.Diagnostics;
using Recognizer.Inference.Imaging;

namespace Recognizer.Tests.Imaging;

/// <summary>Runs ImageMagick's convert, where it is installed, to make files and to decode them independently.</summary>
internal static class ImageMagick
{
    private static readonly Lazy<string?> s_program = new(Find);

    public static bool IsInstalled => s_program.Value != null;

    private static string? Find()
    {
        foreach (string name in new[] { "magick", "convert-im6.q16", "convert-im6", "convert" })
        {
            try
            {
                if (Execute(name, ["-version"]).Output.Contains("ImageMagick", StringComparison.Ordinal)) return name;
            }
            catch (Win32Exception)
            {
                // not installed under this name
            }
        }
        return null;
    }

    public static void Run(params string[] arguments)
    {
        var (exitCode, _, error) = Execute(s_program.Value!, arguments);
        Assert.True(exitCode == 0, $"convert {string.Join(' ', arguments)}: {error}");
    }

    private static (int ExitCode, string Output, string Error) Execute(string program, string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }

    /// <summary>A file's picture as ImageMagick decodes it, over white, upright, 8 bits.</summary>
    public static Image Decode(string file, int channels)
    {
        string target = file + (channels == 1 ? ".ref.pgm" : ".ref.ppm");
        Run(file, "-colorspace", "sRGB", "-auto-orient", "-background", "white", "-alpha", "remove", "-alpha", "off", "-depth", "8", target);
        return ReadAnymap(System.IO.File.ReadAllBytes(target));
    }

    /// <summary>Raw P5 and P6, read independently of the library.</summary>
    private static Image ReadAnymap(byte[] file)
    {
        int position = 2;
        int Number()
        {
            while (char.IsWhiteSpace((char)file[position])) position++;
            int value = 0;
            while (char.IsAsciiDigit((char)file[position])) value = value * 10 + file[position++] - '0';
            return value;
        }
        int width = Number(), height = Number();
        Assert.Equal(255, Number());
        return new Image(width, height, file[1] == '5' ? 1 : 3, file[(position + 1)..]);
    }
}

/// <summary>A test that needs ImageMagick; skipped, with the reason, where it isn't installed.</summary>
public sealed class ImageMagickTheoryAttribute : TheoryAttribute
{
    /// <summary>Creates the attribute.</summary>
    public ImageMagickTheoryAttribute()
    {
        if (!ImageMagick.IsInstalled) Skip = "ImageMagick is not installed (apt-get install imagemagick).";
    }
}
