using System.Diagnostics;
using Recognizer.Benchmarks.Peers;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Architectures;

namespace Recognizer.Benchmarks.Agreement;

/// <summary>Models to compare on: our own, networks as other frameworks export them, and cases of ONNX's backend tests.</summary>
internal static class AgreementModels
{
    private const string TestData = "/usr/share/libonnx-testdata/data";

    // Float models with one input, one for each kind of layer that image classifiers have.
    private static readonly string[] Cases =
    [
        "pytorch-converted/test_Conv2d_groups", "pytorch-converted/test_Conv2d_depthwise_with_multiplier", "pytorch-converted/test_Conv2d_dilated",
        "pytorch-converted/test_ConvTranspose2d", "pytorch-converted/test_MaxPool2d_stride_padding_dilation", "pytorch-converted/test_ELU",
        "pytorch-converted/test_LogSoftmax", "pytorch-operator/test_operator_conv", "pytorch-operator/test_operator_maxpool", "pytorch-operator/test_operator_convtranspose",
        "simple/test_single_relu_model",
    ];

    /// <summary>All models, by name.</summary>
    public static IEnumerable<(string Name, byte[] File)> All()
    {
        foreach ((string name, Graph graph) in PeerNetworks.All()) yield return (name, OnnxWriter.ToBytes(graph));
        yield return ("cnn2, bytes", OnnxWriter.ToBytes(ModelTransforms.WithByteInput(Architecture.Build("cnn2", PeerNetworks.Labels, 1))));
        foreach (string path in Foreign(Path.Combine(PeerInstaller.RepositoryRoot(), "artifacts", "foreign"))) yield return (Path.GetFileNameWithoutExtension(path), File.ReadAllBytes(path));
        if (!Directory.Exists(TestData)) Console.Error.WriteLine($"{TestData} is missing (package libonnx-testdata): ONNX's backend cases are left out.");
        foreach (string name in Cases.Where(name => File.Exists(Path.Combine(TestData, name, "model.onnx"))))
            yield return (Path.GetFileName(name), File.ReadAllBytes(Path.Combine(TestData, name, "model.onnx")));
    }

    /// <summary>Has other frameworks' networks exported into a folder.</summary>
    /// <returns>The files; none, with the reason on standard error, where Python or its packages are missing.</returns>
    public static IReadOnlyList<string> Foreign(string folder, params string[] options)
    {
        if (PeerInstaller.PythonWith("torch", "onnx") is not { } python)
        {
            Console.Error.WriteLine("PyTorch and ONNX's Python package are missing and could not be installed: other frameworks' networks are left out.");
            return [];
        }
        return RunPython(python, "export_foreign_models.py", [folder, .. options]) ?? [];
    }

    /// <summary>Lets ONNX's own checker, with full checks and strict shape inference, look at files.</summary>
    /// <returns>What it complains of, by file; null where it isn't there.</returns>
    public static IReadOnlyDictionary<string, string>? Check(IReadOnlyList<string> files)
    {
        if (PeerInstaller.PythonWith("onnx") is not { } python) return null;
        return RunPython(python, "check_models.py", files)?.Select(line => line.Split('\t', 2)).ToDictionary(parts => parts[0], parts => parts[1]);
    }

    private static string[]? RunPython(string python, string script, IReadOnlyList<string> arguments)
    {
        string path = Path.Combine(PeerInstaller.RepositoryRoot(), "Recognizer.Benchmarks", "Agreement", script);
        using Process process = Process.Start(new ProcessStartInfo(python, [path, .. arguments]) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode == 0) return output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        Console.Error.WriteLine($"{script} failed with exit code {process.ExitCode}.");
        return null;
    }
}
