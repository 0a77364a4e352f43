using System.Globalization;
using Recognizer.Inference;
using Recognizer.Inference.Onnx;
using Recognizer.Training;

namespace Recognizer.Benchmarks.Reading;

/// <summary>Options of the commands that measure reading.</summary>
internal sealed class ReadingOptions
{
    public string Model { get; private set; } = "";

    public string? Dataset { get; private set; }

    public bool Test { get; private set; }

    public Alphabet? Alphabet { get; private set; }

    public int Count { get; private set; }

    private string Only { get; set; } = "";

    public string? Folder { get; private set; }

    /// <summary>Parses the options; null, having said why, where they make no sense.</summary>
    public static ReadingOptions? Parse(string command, string[] arguments, int count)
    {
        var options = new ReadingOptions { Count = count };
        for (int i = 0; i < arguments.Length; i++)
        {
            string? value = i + 1 < arguments.Length ? arguments[i + 1] : null;
            switch (arguments[i])
            {
                case "--model" when value is not null: options.Model = value; break;
                case "--dataset" when value is not null: options.Dataset = value; break;
                case "--split" when value is "test" or "validation": options.Test = value == "test"; break;
                case "--alphabet" when value is { Length: > 0 }: options.Alphabet = Alphabet.Parse(value); break;
                case "--count" when int.TryParse(value, CultureInfo.InvariantCulture, out int number) && number > 0: options.Count = number; break;
                case "--only" when value is not null: options.Only = value; break;
                case "--write" when value is not null: options.Folder = value; break;
                default:
                    Console.Error.WriteLine($"{command}: '{arguments[i]}' is not understood.");
                    return null;
            }
            i++;
        }
        if (options.Model.Length > 0) return options;
        Console.Error.WriteLine($"{command}: --model FILE is needed.");
        return null;
    }

    /// <summary>Whether <c>--only</c> asks for a row of this name; without it all are.</summary>
    public bool Wants(string row) => row.Contains(Only, StringComparison.OrdinalIgnoreCase);

    /// <summary>Says that there is no such row.</summary>
    /// <returns>The exit code for wrong usage.</returns>
    public int NothingWanted(string command)
    {
        Console.Error.WriteLine($"{command}: there is no row with '{Only}' in its name.");
        return 2;
    }

    public Graph ReadModel() => OnnxReader.ReadFile(Model);

    /// <summary>Each page or picture is read by one thread.</summary>
    public static CharacterRecognizer Load(Graph graph, Alphabet? alphabet) =>
        CharacterRecognizer.Load(graph, new RecognizerOptions { Alphabet = alphabet, Plan = ReproduciblePlan.Options(1) });
}
