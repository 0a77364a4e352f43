using System.Diagnostics;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.Tests.Datasets;
using Recognizer.Training.Architectures;
using Recognizer.Training.Commands;

namespace Recognizer.Tests.Commands;

/// <summary>The program as a process: what becomes of results whose way out is barred.</summary>
public sealed class ProgramTests
{
    private const string Unread = "code=$({ { sleep 0.1; \"$@\"; echo $? >&3; } | true; } 3>&1); exit $code";

    [Theory]
    // A full disk; an output that can't be written to; a reader that has gone (… | head)
    [InlineData("\"$@\" > /dev/full", 1, "error: the results could not be written: ")]
    [InlineData("\"$@\" 1< /dev/null", 1, "error: the results could not be written: ")]
    // Nor is there a way to say so
    [InlineData("\"$@\" > /dev/full 2>&1", 1, "")]
    [InlineData(Unread, 0, "")]
    public async Task Results_that_can_not_be_written_are_a_failure_unless_nobody_reads_them(string script, int code, string message)
    {
        if (!OperatingSystem.IsLinux()) return;
        using var folder = new TemporaryFolder();
        string model = Path.Combine(folder.Root, "model.onnx");
        OnnxWriter.WriteFile(Architecture.Build("cnn2", ["a", "b"], 1, 0.25), model);
        // A line of output: less than a buffer, so that nothing is written before the last flush.
        (int exitCode, string output, string error) = await Run(script, "export", model, "--output", Path.Combine(folder.Root, "other.onnx"));
        Assert.StartsWith(message, error, StringComparison.Ordinal);
        Assert.Equal(message.Length > 0 ? 1 : 0, error.Split('\n').Length - 1);
        Assert.Equal(code, exitCode);
        Assert.Equal("", output);
    }

    [Fact]
    public async Task Work_ends_where_nobody_reads_its_results_any_more()
    {
        if (OperatingSystem.IsWindows()) return;
        using var folder = new TemporaryFolder();
        string page = folder.Write("page.png", PngEncoder.Encode(new GrayImage(40, 40, new byte[40 * 40]))), model = Path.Combine(RepositoryFolder.Root, "models", "digits-nano.onnx");
        string[] arguments = ["read", "--model", model, page, "nowhere.png"];
        // The second image would be a failure
        Assert.Equal((0, "", ""), await Run(Unread, arguments));
        (int code, string output, string error) = await Run("\"$@\" | cat", arguments);
        Assert.Equal((0, $"{page}:\n\n"), (code, output));
        Assert.Contains("nowhere.png", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Results_wait_for_whoever_reads_them_slowly_also_where_a_pipe_does_not_block()
    {
        if (!OperatingSystem.IsLinux()) return;
        // Another program has filled the pipe and left it so
        const string Full = "code=$({ { dd if=/dev/zero bs=512 oflag=nonblock 2> /dev/null; \"$@\"; echo $? >&3; } | { sleep 0.6; tr -d '\\000' >&4; }; } 3>&1); exit $code";
        var expected = await Run("\"$@\"", "train", "--help");
        Assert.InRange(expected.Output.Length, 4096, int.MaxValue);
        Assert.Equal(expected, await Run($"exec 4>&1; {Full}", "train", "--help"));
    }

    private static async Task<(int ExitCode, string Output, string Error)> Run(string script, params string[] arguments)
    {
        var start = new ProcessStartInfo("sh") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["-c", script, "sh", "dotnet", "exec", typeof(CommandLine).Assembly.Location, .. arguments])
            start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, error);
    }
}
