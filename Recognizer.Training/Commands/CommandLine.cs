using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace Recognizer.Training.Commands;

/// <summary>The program: parses arguments, runs a command, and turns whatever happens into an exit code: 0 done, 1 failed (one line says
/// why), 2 wrong usage, 130 interrupted.</summary>
internal static partial class CommandLine
{
    public const int Done = 0;
    public const int Failed = 1;
    public const int WrongUsage = 2;
    public const int Interrupted = 130;

    /// <summary>The commands in the order in which help lists them. Each is made anew for a run, because it writes to the run's host.</summary>
    private static readonly Func<CommandHost, CommandDescription>[] Commands =
    [
        TrainCommand.Create,
        EvaluateCommand.Create,
        PredictCommand.Create,
        ReadCommand.Create,
        DatasetsCommand.Create,
        InspectCommand.Create,
        QuantizeCommand.Create,
        ExportCommand.Create,
        OnnxTestCommand.Create,
        CardCommand.Create,
    ];

    public static int Run(IReadOnlyList<string> arguments, CommandHost host)
    {
        var root = new RootCommand("Recognizer reads handwritten digits and letters: it trains convolutional networks, exports them to ONNX, measures them and reads images with them.");
        var examples = new Dictionary<Command, string[]> { [root] = ["recognizer train", "recognizer predict --model models/strokes-cnn2/model.onnx digit.png"] };
        foreach (Func<CommandHost, CommandDescription> create in Commands)
        {
            CommandDescription description = create(host);
            RefuseEmptyValues(description.Command);
            root.Subcommands.Add(description.Command);
            examples[description.Command] = description.Examples;
        }
        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!, examples, host.Output);

        try
        {
            // @FILE is a value here (of read --format), not a file of more arguments
            ParseResult result = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (result.Action is ParseErrorAction)
            {
                // Names of .NET types say nothing to most users.
                foreach (string message in result.Errors.Select(e => TypeName().Replace(e.Message, "").ReplaceLineEndings(" ").Replace("\t", "", StringComparison.Ordinal)).Distinct())
                    host.Error.WriteLine($"error: {message}");
                string command = "";
                for (SymbolResult? level = result.CommandResult; level is CommandResult { Command: var named } && named != root; level = level.Parent) command = $"{named.Name} {command}";
                host.Error.WriteLine($"Try: recognizer {command}--help");
                return WrongUsage;
            }
            return result.Invoke(new InvocationConfiguration { Output = host.Output, Error = host.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (ReaderGoneException)
        {
            return Done;
        }
        catch (UsageException exception)
        {
            host.Error.WriteLine($"error: {exception.Message}");
            return WrongUsage;
        }
        catch (OperationCanceledException) when (host.Cancellation.IsCancellationRequested)
        {
            host.Error.WriteLine("interrupted");
            return Interrupted;
        }
        catch (Exception exception)
        {
            Report(exception, host.Error);
            return Failed;
        }
    }

    /// <summary>An empty value is a mistake, such as a variable of a script that was never set. (Of a list, what takes it says which it is.)</summary>
    private static void RefuseEmptyValues(Command command)
    {
        foreach (Option option in command.Options) option.Validators.Add(result => Check(result, option.Name));
        foreach (Argument argument in command.Arguments.Where(a => a.Arity.MaximumNumberOfValues == 1)) argument.Validators.Add(result => Check(result, argument.Name));
        foreach (Command subcommand in command.Subcommands) RefuseEmptyValues(subcommand);

        static void Check(SymbolResult result, string name)
        {
            if (result.Tokens.Any(token => token.Value.Length == 0)) result.AddError($"{name} takes a value that isn't empty.");
        }
    }

    [GeneratedRegex(" as expected type '[^']*'")]
    private static partial Regex TypeName();

    /// <summary>Says in one line what went wrong.</summary>
    public static void Report(Exception exception, TextWriter error)
    {
        if (exception is AggregateException { InnerExceptions.Count: 1 } aggregate) exception = aggregate.InnerException!;
        // Errors of the program itself can't be told from their message alone.
        string kind = exception is NullReferenceException or IndexOutOfRangeException or InvalidCastException or KeyNotFoundException or InvalidOperationException
            ? $"{exception.GetType().Name}: "
            : "";
        error.WriteLine($"error: {kind}{Message(exception)}");
        if (Environment.GetEnvironmentVariable("RECOGNIZER_TRACE") is "1") error.WriteLine(exception);
    }

    /// <summary>An exception's message in one line, without the name of a parameter, which is the program's.</summary>
    public static string Message(Exception exception)
    {
        string message = exception.Message.ReplaceLineEndings(" ");
        return exception is ArgumentException { ParamName: { } name } ? message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : message;
    }

    /// <summary>The usual help, and a few lines to copy.</summary>
    private sealed class HelpWithExamples(HelpAction help, Dictionary<Command, string[]> examples, TextWriter output) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            int code = help.Invoke(parseResult);
            if (examples.TryGetValue(parseResult.CommandResult.Command, out string[]? lines) && lines.Length > 0)
            {
                output.WriteLine("Examples (recognizer stands for: dotnet run -c Release --project Recognizer.Training --):");
                foreach (string line in lines) output.WriteLine($"  {line}");
                output.WriteLine();
            }
            return code;
        }
    }
}

/// <summary>A command and lines that show its use.</summary>
/// <param name="Command">The command, with its action set.</param>
/// <param name="Examples">Complete command lines for its help.</param>
internal sealed record CommandDescription(Command Command, params string[] Examples);
