using System.Reflection;
using System.Xml.Linq;
using Recognizer.Inference;
using Recognizer.Inference.DependencyInjection;

namespace Recognizer.Tests;

/// <summary>Holds the libraries to the listings of their API that are checked in, so that no change of it goes unnoticed.
/// <c>RECOGNIZER_UPDATE_API=1</c> writes the listings anew.</summary>
public class PublicApiTests
{
    [Fact]
    public void Inference_offers_what_is_listed() => Check(typeof(CharacterRecognizer).Assembly);

    [Fact]
    public void Dependency_injection_offers_what_is_listed() => Check(typeof(CharacterRecognizerOptions).Assembly);

    /// <summary>A default that isn't that of the type can't be guessed.</summary>
    [Theory]
    [InlineData(typeof(CharacterRecognizer))]
    [InlineData(typeof(CharacterRecognizerOptions))]
    public void Options_say_what_their_numbers_are_where_none_are_given(Type inAssembly)
    {
        Dictionary<string, string> summaries = XDocument.Load(Path.ChangeExtension(inAssembly.Assembly.Location, ".xml")).Descendants("member")
            .ToDictionary(member => member.Attribute("name")!.Value, member => member.Element("summary")?.Value ?? "");
        (string Name, object Value)[] defaults =
        [
            .. from type in inAssembly.Assembly.GetExportedTypes()
               where type.Name.EndsWith("Options", StringComparison.Ordinal)
               from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
               where property.CanWrite && (property.PropertyType.IsPrimitive || property.PropertyType == typeof(TimeSpan))
               let value = property.GetValue(Activator.CreateInstance(type))!
               where !value.Equals(Activator.CreateInstance(property.PropertyType))
               select ($"P:{type.FullName}.{property.Name}", value),
        ];
        Assert.NotEmpty(defaults);
        Assert.All(defaults, option => Assert.Contains(option.Value is int or double ? FormattableString.Invariant($"Default {option.Value}.") : "Default ", summaries[option.Name], StringComparison.Ordinal));
    }

    private static void Check(Assembly assembly)
    {
        string path = Path.Combine(RepositoryFolder.Root, assembly.GetName().Name!, "PublicApi.txt"), actual = PublicApi.List(assembly);
        if (Environment.GetEnvironmentVariable("RECOGNIZER_UPDATE_API") == "1") File.WriteAllText(path, actual);
        string expected = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        if (expected == actual) return;
        // Types stand before their members, so that a member's line alone tells little: it goes with its type.
        string[] before = Lines(expected), now = Lines(actual);
        Assert.Fail($"The API of {assembly.GetName().Name} is not what {path} lists. If that is meant, run this test with RECOGNIZER_UPDATE_API=1.\n"
            + string.Join('\n', before.Except(now).Select(line => "- " + line).Concat(now.Except(before).Select(line => "+ " + line))));
    }

    private static string[] Lines(string listing)
    {
        string type = "";
        var lines = new List<string>();
        foreach (string line in listing.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!line.StartsWith(' ')) type = line.Split(" : ")[0];
            lines.Add(line.StartsWith(' ') ? $"{type}: {line.Trim()}" : line);
        }
        return [.. lines];
    }
}
