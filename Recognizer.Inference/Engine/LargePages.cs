using System.Runtime.InteropServices;

namespace Recognizer.Inference.Engine;

/// <summary>Asks the system for pages of 2 MB, on Linux where it gives them on request: weights that are read from end to end then cost few address translations, and what the
/// processor fetches ahead doesn't stop every 4 KB.</summary>
internal static unsafe class LargePages
{
    /// <summary>Bytes of a page.</summary>
    public const nuint Size = 2 << 20;

    // Less than half a page isn't worth one.
    private const nuint LeastBlock = 1 << 20;

    // MADV_HUGEPAGE of Linux.
    private const int HugePage = 14;

    /// <summary>Whether a block of so many bytes is better off in large pages.</summary>
    public static bool Suit(nuint bytes) => OperatingSystem.IsLinux() && bytes >= LeastBlock;

    /// <summary>Asks for large pages; where there are none, all stays as it is.</summary>
    /// <param name="start">A multiple of <see cref="Size"/>.</param>
    /// <param name="bytes">A multiple of <see cref="Size"/>.</param>
    public static void Request(void* start, nuint bytes)
    {
        try
        {
            _ = Advise(start, bytes, HugePage);
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException)
        {
            // A system without this call has pages of its own size.
        }
    }

    [DllImport("libc", EntryPoint = "madvise", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Advise(void* start, nuint bytes, int advice);
}
