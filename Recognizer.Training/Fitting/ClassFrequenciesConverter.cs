using System.Text.Json;
using System.Text.Json.Serialization;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Fitting;

/// <summary>Numbers by class, or the name of a data set of the catalogue, which is read as the counts of its training split. They are written as numbers, so that what was trained
/// with them says so itself.</summary>
internal sealed class ClassFrequenciesConverter : JsonConverter<IReadOnlyDictionary<string, double>>
{
    public override IReadOnlyDictionary<string, double> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String) return Of(reader.GetString()!);
        if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException();
        var frequencies = new Dictionary<string, double>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string label = reader.GetString()!;
            frequencies.Add(label, reader.Read() && reader.TokenType == JsonTokenType.Number ? reader.GetDouble() : throw new JsonException());
        }
        if (!double.IsFinite(frequencies.Values.Sum())) throw new FormatException("classFrequencies is too large; expected numbers with a finite sum");
        return frequencies;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyDictionary<string, double> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach ((string label, double frequency) in value) writer.WriteNumber(label, frequency);
        writer.WriteEndObject();
    }

    private static Dictionary<string, double> Of(string name)
    {
        DatasetCatalogue catalogue = DatasetCatalogue.BuiltIn;
        CatalogueSet set = catalogue.Find(name)
            ?? throw new FormatException($"classFrequencies is '{name}'; expected numbers by class, or one of {string.Join(", ", catalogue.Sets.Select(s => s.Name))}");
        return set.Labels.Zip(set.TrainCounts).ToDictionary(c => c.First, c => (double)c.Second, StringComparer.Ordinal);
    }
}
