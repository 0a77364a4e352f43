using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Recognizer.Training.Datasets;

/// <summary>
/// Reads NumPy's arrays of numbers or texts (.npy): six bytes that say what it is, a version, the length of a header, the header, which is a Python dictionary, and the values.
/// </summary>
internal static partial class NpyReader
{
    private const int MaximumHeaderLength = 1 << 16;

    /// <summary>An array of a data set, in the file's order.</summary>
    /// <param name="tree">Where the file is.</param>
    /// <param name="path">The file.</param>
    /// <param name="mayBeTexts">Whether texts do as well as numbers.</param>
    /// <returns>The array, and whether its first index is the fastest, not the last.</returns>
    public static (NumberArray Array, bool IsFortranOrder) Read(FileTree tree, string path, bool mayBeTexts = false)
    {
        string name = tree.Describe(path);
        using var stream = tree.OpenRead(path);
        Span<byte> start = stackalloc byte[12];
        Fill(start[..8]);
        if (start[0] != 0x93 || !start[1..6].SequenceEqual("NUMPY"u8))
            throw new DatasetException($"{name} is not a NumPy array: it starts with {Convert.ToHexString(start[..6])}.");
        int version = start[6], prefix = version == 1 ? 10 : 12;
        if (version is not (1 or 2 or 3))
            throw new DatasetException($"{name} is a NumPy array of version {version}.{start[7]}; 1 to 3 are supported.");
        Fill(start[8..prefix]);
        uint headerLength = version == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(start[8..]) : BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        if (headerLength > MaximumHeaderLength)
            throw new DatasetException($"{name} has a header of {headerLength} bytes; at most {MaximumHeaderLength} are supported.");
        var header = new byte[headerLength];
        Fill(header);
        var (type, isFortran, dimensions) = Parse(Encoding.Latin1.GetString(header), name, mayBeTexts);
        long count = 1, length = tree.Length(path) - prefix - headerLength;
        foreach (int dimension in dimensions)
        {
            if ((count = Math.BigMul((int)count, dimension)) > Array.MaxLength)
                throw new DatasetException($"{name} is too large: it promises {string.Join('×', dimensions)} numbers; at most {Array.MaxLength} are supported.");
        }
        if (count * type.Size != length)
            throw new DatasetException($"{name} is damaged: it promises {string.Join('×', dimensions)} numbers of {type.Size} bytes, which are {count * type.Size} bytes, but {length} follow.");
        if (type.Kind == NumberKind.Text)
            return (new NumberArray(dimensions) { Texts = Texts(type, (int)count, name, Fill) }, isFortran);
        var (bytes, numbers) = NumberArray.Read(type, (int)count, Fill);
        return (new NumberArray(dimensions, bytes, numbers), isFortran);

        void Fill(Span<byte> bytes)
        {
            if (stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) < bytes.Length)
                throw new DatasetException($"{name} is truncated.");
        }
    }

    /// <summary>Texts of up to so many code points, which zeros follow where they have fewer.</summary>
    private static string[] Texts(NumberType type, int count, string name, NumberArray.ByteReader read)
    {
        var encoding = new UTF32Encoding(type.BigEndian, byteOrderMark: false, throwOnInvalidCharacters: true);
        var texts = new string[count];
        var bytes = new byte[type.Size];
        try
        {
            for (int i = 0; i < count; i++)
            {
                read(bytes);
                texts[i] = encoding.GetString(bytes).TrimEnd('\0') is { Length: > 0 } text ? text : throw new DatasetException($"{name} has an empty text for image {i}, expected a label.");
            }
        }
        catch (DecoderFallbackException)
        {
            throw new DatasetException($"{name} is damaged: its texts aren't Unicode.");
        }
        return texts;
    }

    private static (NumberType Type, bool IsFortran, int[] Dimensions) Parse(string header, string name, bool mayBeTexts)
    {
        if (Dictionary().Match(header) is not { Success: true } match)
            throw Wrong();
        var values = match.Groups["key"].Captures.Zip(match.Groups["value"].Captures, (key, value) => (Key: key.Value, value.Value)).ToLookup(pair => pair.Key, pair => pair.Value);
        return (values["descr"].FirstOrDefault(), values["fortran_order"].FirstOrDefault(), values["shape"].FirstOrDefault()) is (['\'', ..] and var type, ("True" or "False") and var order, ['(', ..] and var shape)
            ? (Type(type, name, mayBeTexts), order == "True", Dimensions(shape, name)) : throw Wrong();

        DatasetException Wrong() => new($"{name} has the header {(header.Length > 100 ? header[..100] + "…" : header).Trim()}, expected the type of its numbers (descr), fortran_order and shape.");
    }

    private static NumberType Type(string type, string name, bool mayBeTexts)
    {
        if (type.Contains('O', StringComparison.Ordinal))
            throw new DatasetException($"{name} holds Python objects, which can't be read without Python; save an array of numbers, such as a.astype('uint8').");
        if (mayBeTexts && Text().Match(type) is { Success: true } text)
            return new NumberType(NumberKind.Text, 4 * int.Parse(text.Groups["length"].Value, CultureInfo.InvariantCulture), text.Groups["order"].Value == ">");
        if (Number().Match(type) is not { Success: true } number)
            throw new DatasetException($"{name} has values of type {type}, expected numbers: integers of 1, 2, 4 or 8 bytes, or floats of 2, 4 or 8{(mayBeTexts ? "; or texts of Unicode (<U)" : "")}.");
        NumberKind kind = number.Groups["kind"].Value switch { "i" => NumberKind.Signed, "f" => NumberKind.Float, _ => NumberKind.Unsigned };
        return new NumberType(kind, number.Groups["size"].Value[0] - '0', number.Groups["order"].Value == ">");
    }

    private static int[] Dimensions(string shape, string name)
    {
        // A comma may follow the last
        string[] sizes = shape[1..^1].TrimEnd().TrimEnd(',').Split(',', StringSplitOptions.TrimEntries);
        return sizes is [""] ? [] : [.. sizes.Select(size => int.TryParse(size.TrimEnd('L'), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number : throw new DatasetException($"{name} is damaged or too large: its shape is {shape}."))];
    }

    /// <summary>A header: three of Python's names with a text, a truth value or whole numbers. What is read of each stays read (?>), else spaces could be shared out in too many ways.</summary>
    [GeneratedRegex(@"^\s*\{(?>\s*'(?<key>\w+)'\s*:\s*(?<value>'[^'\\]*'|True|False|\([0-9L, ]*\))\s*,?){3}\s*\}\s*$")]
    private static partial Regex Dictionary();

    [GeneratedRegex("^'(?<order>[<>|=]?)(?:(?<kind>[iu])(?<size>[1248])|(?<kind>f)(?<size>[248])|(?<kind>b)(?<size>1))'$")]
    private static partial Regex Number();

    [GeneratedRegex("^'(?<order>[<>])U(?<length>[1-9][0-9]{0,3})'$")]
    private static partial Regex Text();
}
