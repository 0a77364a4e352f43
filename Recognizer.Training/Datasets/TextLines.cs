using System.Text;

namespace Recognizer.Training.Datasets;

/// <summary>Lines of text in UTF-8, or what a mark at the start says.</summary>
internal static class TextLines
{
    /// <summary>The lines of a file.</summary>
    /// <param name="stream">Its content.</param>
    /// <param name="source">The file, as messages name it.</param>
    /// <exception cref="DatasetException">It is not UTF-8. Letters in UTF-16 without a mark are UTF-8 too, with zeros beside them, which no text has.</exception>
    public static IEnumerable<string> Read(Stream stream, string source)
    {
        using var reader = new StreamReader(stream, new UTF8Encoding(false, throwOnInvalidBytes: true));
        while (Next() is { } line) yield return line;

        string? Next()
        {
            try
            {
                string? line = reader.ReadLine();
                if (line is null || !line.Contains('\0', StringComparison.Ordinal)) return line;
            }
            catch (DecoderFallbackException)
            {
            }
            throw new DatasetException($"{source} is not UTF-8; save it as UTF-8.");
        }
    }
}
