namespace Recognizer.Training.Commands;

/// <summary>Columns of text, aligned.</summary>
internal static class TextTable
{
    /// <summary>Writes a heading and rows.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="headings">One per column.</param>
    /// <param name="rows">As many cells as headings.</param>
    /// <param name="rightFrom">The first column that is aligned to the right.</param>
    public static void Write(TextWriter output, IReadOnlyList<string> headings, IReadOnlyList<IReadOnlyList<string>> rows, int rightFrom)
    {
        int[] widths = [.. headings.Select((heading, column) => rows.Select(row => row[column].Length).Append(heading.Length).Max())];
        WriteRow(headings);
        foreach (IReadOnlyList<string> row in rows) WriteRow(row);

        void WriteRow(IReadOnlyList<string> cells) => output.WriteLine(("  " + string.Join("  ",
            cells.Select((cell, column) => column >= rightFrom ? cell.PadLeft(widths[column]) : cell.PadRight(widths[column])))).TrimEnd());
    }
}
