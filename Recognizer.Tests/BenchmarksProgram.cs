using System.Diagnostics;

namespace Recognizer.Tests;

/// <summary>Recognizer.Benchmarks as a process.</summary>
internal static class BenchmarksProgram
{
    public static (int Code, string Output, string Errors) Run(string[] arguments, params (string Name, string Value)[] environment)
    {
        string kind = Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory))!);
        string program = Path.Combine(RepositoryFolder.Root, "Recognizer.Benchmarks", "bin", kind, Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "Recognizer.Benchmarks.dll");
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet", [program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }
}
