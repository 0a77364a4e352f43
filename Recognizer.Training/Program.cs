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

using var output = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { AutoFlush = false };
using var error = new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false)) { AutoFlush = true };
int code = CommandLine.Run(args, new CommandHost(output, error, interruption.Token) { IsTerminal = !Console.IsErrorRedirected });
try
{
    output.Flush();
}
catch (IOException)
{
    // The reader of the pipe has gone (… | head): nothing is left to tell it.
}
return code;
