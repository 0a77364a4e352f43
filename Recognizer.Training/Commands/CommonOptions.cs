using System.CommandLine;

namespace Recognizer.Training.Commands;

/// <summary>Options that most commands share.</summary>
internal sealed class CommonOptions
{
    private readonly Option<string?> _data = new("--data")
    {
        Description = "Folder of the data sets [default: $RECOGNIZER_DATASETS, else datasets/]",
        HelpName = "DIR",
    };

    private readonly Option<int?> _threads = new("--threads")
    {
        Description = "Threads to use; results don't depend on it [default: all processors]",
        HelpName = "N",
    };

    private readonly Option<bool> _json = new("--json") { Description = "Print exactly one JSON document to standard output" };

    private readonly Option<bool> _offline = new("--offline") { Description = "Never download a data set" };

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="data">Whether the command reads data sets.</param>
    /// <param name="threads">Whether the command computes.</param>
    public CommonOptions(Command command, bool data = true, bool threads = true)
    {
        _threads.Limit(1, 1024);
        if (data)
        {
            command.Options.Add(_data);
            command.Options.Add(_offline);
        }
        if (threads) command.Options.Add(_threads);
        command.Options.Add(_json);
    }

    public string DataRoot(ParseResult result) => result.GetValue(_data) ?? Datasets.DatasetLoadOptions.DefaultRoot;

    public int Threads(ParseResult result) => result.GetValue(_threads) ?? Environment.ProcessorCount;

    public bool Json(ParseResult result) => result.GetValue(_json);

    public bool Offline(ParseResult result) => result.GetValue(_offline);
}
