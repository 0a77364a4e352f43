using Recognizer.Inference.Engine;
using Recognizer.Inference.Engine.Operators;
using Recognizer.Inference.Onnx;

namespace Recognizer.Training.Conformance;

/// <summary>What became of a backend case.</summary>
internal enum CaseOutcome
{
    /// <summary>All outputs of all its data sets agree.</summary>
    Passed,
    /// <summary>It runs, but an output differs, or it ends in an error.</summary>
    Failed,
    /// <summary>It uses something that isn't supported, or can't be checked.</summary>
    Unsupported,
}

/// <summary>One case and what became of it.</summary>
/// <param name="Name">Path of the case's folder below the one that was walked.</param>
/// <param name="Operators">Distinct operators of its model, sorted; empty where the model can't be read.</param>
/// <param name="Outcome">What became of it.</param>
/// <param name="Reason">Why it did not pass, in one line; null if it did.</param>
internal sealed record BackendCase(string Name, IReadOnlyList<string> Operators, CaseOutcome Outcome, string? Reason);

/// <summary>Runs ONNX's backend cases: folders with a <c>model.onnx</c> and <c>test_data_set_N/{input,output}_N.pb</c>. Each runs by
/// reference semantics and as a compiled plan, and both must agree with the expected outputs.</summary>
internal static class BackendCases
{
    /// <summary>Relative and absolute tolerance that ONNX's own runner has by default.</summary>
    public const double RelativeTolerance = 1e-3, AbsoluteTolerance = 1e-7;

    private static readonly HashSet<string> RandomOperators =
        ["Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"];

    /// <summary>Runs all cases below a folder, in the order of their names.</summary>
    /// <exception cref="DirectoryNotFoundException">The folder isn't there.</exception>
    public static IEnumerable<BackendCase> Run(string directory, CancellationToken cancellation = default)
    {
        string[] models = Directory.GetFiles(directory, "model.onnx", SearchOption.AllDirectories);
        Array.Sort(models, StringComparer.Ordinal);
        foreach (string model in models)
        {
            cancellation.ThrowIfCancellationRequested();
            string folder = Path.GetDirectoryName(model)!;
            yield return RunCase(Path.GetRelativePath(directory, folder), folder);
        }
    }

    private static BackendCase RunCase(string name, string folder)
    {
        Graph graph;
        try
        {
            graph = OnnxReader.ReadFile(Path.Combine(folder, "model.onnx"));
        }
        catch (OnnxException exception)
        {
            // The reader refuses what the library doesn't have at all: sub-graphs, sequences, 16-bit brain floats.
            return new BackendCase(name, [], CaseOutcome.Unsupported, exception.Message);
        }
        string[] operators = [.. graph.Nodes.Select(node => node.OperatorType).Distinct().Order(StringComparer.Ordinal)];
        BackendCase Result(CaseOutcome outcome, string? reason) => new(name, operators, outcome, reason);

        string[] random = [.. operators.Where(RandomOperators.Contains)];
        if (random.Length > 0) return Result(CaseOutcome.Unsupported, $"outputs are random: {string.Join(", ", random)}");
        string[] unknown = [.. graph.Nodes.Where(node => !OperatorRegistry.Contains(node)).Select(node => node.OperatorType).Distinct()];
        if (unknown.Length > 0) return Result(CaseOutcome.Unsupported, $"operators that are not supported: {string.Join(", ", unknown)}");
        string[] sets = Directory.GetDirectories(folder, "test_data_set_*");
        if (sets.Length == 0) return Result(CaseOutcome.Unsupported, "there are no inputs and outputs to compare");
        Array.Sort(sets, StringComparer.Ordinal);
        try
        {
            foreach (string set in sets)
            {
                Dictionary<string, Tensor> inputs = Read(set, "input", [.. graph.Inputs.Select(input => input.Name)]);
                Dictionary<string, Tensor> expected = Read(set, "output", [.. graph.Outputs.Select(output => output.Name)]);
                if (expected.Count == 0) return Result(CaseOutcome.Unsupported, $"{Path.GetFileName(set)}: there are no outputs to compare");
                if (graph.Nodes.Any(node => IsTrainingDropout(node, graph, inputs)))
                    return Result(CaseOutcome.Unsupported, "outputs are random: Dropout in training mode");
                if (Difference(expected, Interpreter.Run(graph, inputs)) is { } difference)
                    return Result(CaseOutcome.Failed, $"{Path.GetFileName(set)}: {difference}");
                using Plan plan = Plan.Compile(graph);
                if (Difference(expected, plan.Run(inputs)) is { } planDifference)
                    return Result(CaseOutcome.Failed, $"{Path.GetFileName(set)}, compiled: {planDifference}");
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            string kind = exception is OnnxException ? "" : $"{exception.GetType().Name}: ";
            return Result(CaseOutcome.Failed, kind + exception.Message.ReplaceLineEndings(" "));
        }
        return Result(CaseOutcome.Passed, null);
    }

    /// <summary>Reads <c>ROLE_0.pb</c>, <c>ROLE_1.pb</c> …; a tensor is bound by its name where the model has that name, else by its number.</summary>
    private static Dictionary<string, Tensor> Read(string set, string role, IReadOnlyList<string> names)
    {
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        for (int i = 0; ; i++)
        {
            string path = Path.Combine(set, $"{role}_{i}.pb");
            if (!File.Exists(path)) return tensors;
            using FileStream stream = File.OpenRead(path);
            Tensor tensor = OnnxReader.ReadTensor(stream, path, out string name);
            if (!names.Contains(name))
                name = i < names.Count ? names[i] : throw new OnnxException($"{path}: the model has only {names.Count} {role}s.");
            tensors[name] = tensor;
        }
    }

    private static bool IsTrainingDropout(Node node, Graph graph, Dictionary<string, Tensor> inputs)
    {
        if (node.OperatorType != "Dropout") return false;
        Tensor?[] arguments = [.. node.Inputs.Select(name => inputs.GetValueOrDefault(name) ?? graph.Initializers.GetValueOrDefault(name)
            ?? graph.Nodes.FirstOrDefault(other => other.OperatorType == "Constant" && other.Outputs[0] == name)?.Attributes["value"] as Tensor)];
        return Dropout.IsRandom(node, arguments);
    }

    /// <summary>Where outputs differ from what is expected, or null where they agree.</summary>
    internal static string? Difference(IReadOnlyDictionary<string, Tensor> expected, IReadOnlyDictionary<string, Tensor> actual)
    {
        foreach ((string name, Tensor wanted) in expected)
        {
            if (!actual.TryGetValue(name, out Tensor? got)) return $"output '{name}' is missing";
            if (got.ElementType != wanted.ElementType) return $"output '{name}' is {got.ElementType}, expected {wanted.ElementType}";
            if (!got.Shape.SequenceEqual(wanted.Shape))
                return $"output '{name}' has the shape [{string.Join(", ", got.Shape.ToArray())}], expected [{string.Join(", ", wanted.Shape.ToArray())}]";
            for (int i = 0; i < wanted.Length; i++)
            {
                object a = got.Data.GetValue(i)!, b = wanted.Data.GetValue(i)!;
                if (!Agree(a, b)) return $"element {i} of output '{name}' is {a}, expected {b}";
            }
        }
        return null;
    }

    private static bool Agree(object actual, object expected)
    {
        if (actual.Equals(expected)) return true;       // also NaN, infinities, texts and truth values
        if (actual is string or bool or long or ulong) return false;
        double a = Convert.ToDouble(actual is Half half ? (float)half : actual), b = Convert.ToDouble(expected is Half other ? (float)other : expected);
        return Math.Abs(a - b) <= AbsoluteTolerance + RelativeTolerance * Math.Abs(b) && double.IsFinite(b);
    }
}
