using System.Diagnostics;
using Recognizer.Inference.Onnx;
using Recognizer.Tests.Datasets;
using Recognizer.Training.Architectures;
using Recognizer.Training.Commands;

namespace Recognizer.Tests.Commands;

/// <summary>The program as a process: what becomes of results whose way out is barred.</summary>
public sealed class ProgramTests
{
    [Theory]
    // A full disk; an output that can't be written to; a reader that has gone (… | head)
    [InlineData("\"$@\" > /dev/full", 1, "error: the results could not be written: ")]
    [InlineData("\"$@\" 1< /dev/null", 1, "error: the results could not be written: ")]
    // Nor is there a way to say so
    [InlineData("\"$@\" > /dev/full 2>&1", 1, "")]
    [InlineData("code=$({ { sleep 0.1; \"$@\"; echo $? >&3; } | true; } 3>&1); exit $code", 0, "")]
    public async Task Results_that_can_not_be_written_are_a_failure_unless_nobody_reads_them(string script, int code, string message)
    {
        if (!OperatingSystem.IsLinux()) return;
        using var folder = new TemporaryFolder();
        string model = Path.Combine(folder.Root, "model.onnx");
        OnnxWriter.WriteFile(Architecture.Build("cnn2", ["a", "b"], 1, 0.25), model);
        var start = new ProcessStartInfo("sh") { RedirectStandardOutput = true, RedirectStandardError = true };
        // A line of output: less than a buffer, so that nothing is written before the last flush.
        foreach (string argument in (string[])["-c", script, "sh", "dotnet", "exec", typeof(CommandLine).Assembly.Location, "export", model, "--output", Path.Combine(folder.Root, "other.onnx")])
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.StartsWith(message, error, StringComparison.Ordinal);
        Assert.Equal(message.Length > 0 ? 1 : 0, error.Split('\n').Length - 1);
        Assert.Equal(code, process.ExitCode);
        Assert.Equal("", await output);
    }
}
