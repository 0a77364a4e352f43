using Microsoft.Win32.SafeHandles;

namespace Recognizer.Training.Commands;

/// <summary>Whoever read the results has gone (<c>… | head</c>): there is nobody to work for, which is no failure.</summary>
internal sealed class ReaderGoneException() : Exception("nobody reads the results");

/// <summary>Opens standard output.</summary>
internal static class StandardOutput
{
    /// <summary>A stream that says by a <see cref="ReaderGoneException"/> when nobody reads what is written to a pipe. That of the console says nothing then; it stays in use
    /// for terminals, for files, which others may go on writing to, and on Windows.</summary>
    public static Stream Open()
    {
        if (!OperatingSystem.IsWindows() && Console.IsOutputRedirected)
        {
            try
            {
                var pipe = new Pipe(new SafeFileHandle(1, ownsHandle: false));
                if (!pipe.CanSeek) return pipe;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
            {
                // It is closed, which the console's stream tells when something is written
            }
        }
        return Console.OpenStandardOutput();
    }

    private sealed class Pipe(SafeFileHandle handle) : FileStream(handle, FileAccess.Write, bufferSize: 0)
    {
        // EPIPE, and EAGAIN of Linux and macOS
        private const int BrokenPipe = 32, WouldBlock = 11, WouldBlockOfMac = 35;

        /// <summary>A full pipe that another program has set not to block takes as many bytes on every system (PIPE_BUF) wholly or not at all, so that it is known what to write again.</summary>
        private const int Atomic = 512;

        private const int WaitMilliseconds = 5;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            while (!buffer.IsEmpty)
            {
                ReadOnlySpan<byte> piece = buffer[..Math.Min(Atomic, buffer.Length)];
                try
                {
                    base.Write(piece);
                    buffer = buffer[piece.Length..];
                }
                catch (IOException exception) when (exception.HResult == BrokenPipe)
                {
                    throw new ReaderGoneException();
                }
                catch (IOException exception) when (exception.HResult is WouldBlock or WouldBlockOfMac)
                {
                    Thread.Sleep(WaitMilliseconds);
                }
            }
        }
    }
}
