using System.Diagnostics;

namespace Recognizer.Benchmarks.Peers;

/// <summary>Finds the peers, and installs what is missing into <c>artifacts/peers</c>, which version control ignores.</summary>
internal static class PeerInstaller
{
    private const string OnnxRuntimePackage = "onnxruntime-node@1.30";

    /// <summary>Environment variable with a folder whose <c>node_modules</c> holds onnxruntime-node.</summary>
    private const string FolderVariable = "RECOGNIZER_PEERS";

    /// <summary>ONNX Runtime's shared library, or null with the reason on standard error.</summary>
    public static string? OnnxRuntime()
    {
        string folder = Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } given ? given : Path.Combine(RepositoryRoot(), "artifacts", "peers");
        if (FindLibrary(folder) is { } found) return found;
        Console.Error.WriteLine($"Installing {OnnxRuntimePackage} into {folder} …");
        Directory.CreateDirectory(folder);
        // The package brings the CPU library along; its install script would only add accelerators.
        if (!Succeeds("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", folder, OnnxRuntimePackage])) return null;
        return FindLibrary(folder);
    }

    /// <summary>Whether a Python with PyTorch is there, or could be installed.</summary>
    /// <returns>The interpreter, or null with the reason on standard error.</returns>
    public static string? PythonWithTorch() => PythonWith("torch");

    /// <summary>Whether a Python with these modules is there, or could be installed.</summary>
    /// <returns>The interpreter, or null with the reason on standard error.</returns>
    public static string? PythonWith(params string[] modules)
    {
        string[] candidates = ["/usr/bin/python3", "python3"];
        // A module without a file is only a folder of that name, such as the one where onnx's test data lies.
        string[] test = ["-c", $"import {string.Join(", ", modules)}; assert all(m.__file__ for m in [{string.Join(", ", modules)}])"];
        foreach (string python in candidates)
            if (Succeeds(python, test, quiet: true)) return python;
        string[] packages = [.. modules.Select(module => $"python3-{module}"), "libopenblas0-pthread"];
        Console.Error.WriteLine($"Installing {string.Join(", ", packages)} …");
        // A new machine has no lists of packages; with old ones installing may work all the same.
        _ = AptGet("update");
        return AptGet(["install", "-y", "--no-install-recommends", .. packages]) && Succeeds(candidates[0], test) ? candidates[0] : null;

        static bool AptGet(params string[] arguments) => Environment.UserName == "root" ? Succeeds("apt-get", arguments) : Succeeds("sudo", ["-n", "apt-get", .. arguments]);
    }

    /// <summary>The folder with the solution.</summary>
    public static string RepositoryRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Recognizer.sln"))) return folder.FullName;
        return Directory.GetCurrentDirectory();
    }

    private static string? FindLibrary(string folder)
    {
        string bin = Path.Combine(folder, "node_modules", "onnxruntime-node", "bin");
        if (!Directory.Exists(bin)) return null;
        (string system, string[] names) = OperatingSystem.IsWindows() ? ("win32", new[] { "onnxruntime.dll" })
            : OperatingSystem.IsMacOS() ? ("darwin", ["libonnxruntime.dylib", "libonnxruntime.*.dylib"])
            : ("linux", ["libonnxruntime.so.1", "libonnxruntime.so*"]);
        string part = Path.Combine(system, System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "arm64" : "x64");
        return names.SelectMany(name => Directory.EnumerateFiles(bin, name, SearchOption.AllDirectories)).FirstOrDefault(file => file.Contains(part));
    }

    private static bool Succeeds(string program, IEnumerable<string> arguments, bool quiet = false)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            string error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            output.Wait();
            if (process.ExitCode == 0) return true;
            if (!quiet) Console.Error.WriteLine($"{program} failed: {error.Trim().Split('\n')[^1]}");
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            if (!quiet) Console.Error.WriteLine($"{program}: {exception.Message}");
        }
        return false;
    }
}
