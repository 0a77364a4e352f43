using System.Runtime.InteropServices;
using System.Text;
using Recognizer.Training.Commands;

using var interruption = new CancellationTokenSource();
void Interrupt(PosixSignalContext context)
{
    // The first signal asks to stop; a second one, while stopping, ends the process as usual.
    if (interruption.IsCancellationRequested) return;
    context.Cancel = true;
    interruption.Cancel();
}
using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);

using var output = new StreamWriter(StandardOutput.Open(), new UTF8Encoding(false)) { AutoFlush = false };
using var error = new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false)) { AutoFlush = true };
var host = new CommandHost(output, error, interruption.Token) { IsTerminal = !Console.IsErrorRedirected };
int code = CommandLine.Run(args, host);
try
{
    output.Flush();
}
catch (ReaderGoneException)
{
}
catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
{
    // A full disk, or a standard output that is closed or can't be written to
    host.Error.WriteLine($"error: the results could not be written: {exception.Message.ReplaceLineEndings(" ")}");
    code = CommandLine.Failed;
}
return code;
