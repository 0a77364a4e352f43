using System.CommandLine;
using Recognizer.Training.Conformance;

namespace Recognizer.Training.Commands;

/// <summary><c>onnx-test DIR</c>: runs ONNX backend cases and prints what became of them, per operator and per case.</summary>
internal static class OnnxTestCommand
{
    public static CommandDescription Create(CommandHost host)
    {
        var directory = new Argument<DirectoryInfo>("DIR") { Description = "Folder with backend cases (model.onnx and test_data_set_*), at any depth" };
        var command = new Command("onnx-test", "Run ONNX backend cases and count passed, failed and unsupported ones") { directory };
        var common = new CommonOptions(command, data: false, threads: false);
        command.SetAction(result => Run(host, result.GetRequiredValue(directory).FullName, common.Json(result)));
        return new CommandDescription(command, "recognizer onnx-test /usr/share/libonnx-testdata/data/node");
    }

    private static int Run(CommandHost host, string directory, bool json)
    {
        if (!Directory.Exists(directory)) throw new CommandException($"There is no folder {directory}.");
        List<BackendCase> cases = [.. BackendCases.Run(directory, host.Cancellation)];
        if (cases.Count == 0) throw new CommandException($"There is no case (a folder with model.onnx) below {directory}.");
        if (json) WriteJson(host, cases);
        else WriteText(host.Output, cases);
        return cases.Exists(c => c.Outcome == CaseOutcome.Failed) ? CommandLine.Failed : CommandLine.Done;
    }

    private static int Count(IEnumerable<BackendCase> cases, CaseOutcome outcome) => cases.Count(c => c.Outcome == outcome);

    private static IEnumerable<(string Name, BackendCase[] Cases)> ByOperator(List<BackendCase> cases) => cases
        .SelectMany(c => c.Operators, (c, name) => (Name: name, Case: c))
        .GroupBy(pair => pair.Name, pair => pair.Case)
        .OrderBy(group => group.Key, StringComparer.Ordinal)
        .Select(group => (group.Key, group.ToArray()));

    private static void WriteJson(CommandHost host, List<BackendCase> cases) => host.WriteJson(writer =>
    {
        void Counts(IEnumerable<BackendCase> counted)
        {
            writer.WriteNumber("passed", Count(counted, CaseOutcome.Passed));
            writer.WriteNumber("failed", Count(counted, CaseOutcome.Failed));
            writer.WriteNumber("unsupported", Count(counted, CaseOutcome.Unsupported));
        }
        writer.WriteStartObject();
        Counts(cases);
        writer.WriteStartArray("operators");
        foreach ((string name, BackendCase[] using_) in ByOperator(cases))
        {
            writer.WriteStartObject();
            writer.WriteString("operator", name);
            Counts(using_);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteStartArray("cases");
        foreach (BackendCase row in cases)
        {
            writer.WriteStartObject();
            writer.WriteString("name", row.Name);
            writer.WriteString("outcome", Text(row.Outcome));
            if (row.Reason is not null) writer.WriteString("reason", row.Reason);
            writer.WriteStartArray("operators");
            foreach (string name in row.Operators) writer.WriteStringValue(name);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    private static void WriteText(TextWriter output, List<BackendCase> cases)
    {
        foreach (BackendCase row in cases.Where(c => c.Outcome != CaseOutcome.Passed).OrderByDescending(c => c.Outcome).ThenBy(c => c.Name, StringComparer.Ordinal))
            output.WriteLine($"{Text(row.Outcome)} {row.Name}: {row.Reason}");
        output.WriteLine();
        output.WriteLine($"{"operator",-28}{"passed",8}{"failed",8}{"unsupported",13}");
        foreach ((string name, BackendCase[] using_) in ByOperator(cases))
            output.WriteLine($"{name,-28}{Count(using_, CaseOutcome.Passed),8}{Count(using_, CaseOutcome.Failed),8}{Count(using_, CaseOutcome.Unsupported),13}");
        output.WriteLine();
        output.WriteLine($"{Count(cases, CaseOutcome.Passed)} passed, {Count(cases, CaseOutcome.Failed)} failed, {Count(cases, CaseOutcome.Unsupported)} unsupported");
    }

    private static string Text(CaseOutcome outcome) => outcome switch
    {
        CaseOutcome.Passed => "passed",
        CaseOutcome.Failed => "failed",
        _ => "unsupported",
    };
}
