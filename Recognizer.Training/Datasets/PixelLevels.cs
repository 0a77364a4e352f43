namespace Recognizer.Training.Datasets;

/// <summary>Bytes from pixels that a file holds as numbers: 0 to 255, or 0 to 1 if no value is larger.</summary>
internal sealed class PixelLevels
{
    private readonly List<byte> _levels = [];

    // Until a value above 1 turns up, the same values read as fractions.
    private List<byte>? _fractions = [];

    public int Count => _levels.Count;

    /// <summary>Whether a number can be a pixel.</summary>
    public static bool IsLevel(float value) => value is >= 0 and <= 255;

    /// <summary>Adds a pixel from 0 to 255.</summary>
    public void Add(float value)
    {
        _levels.Add((byte)(value + 0.5f));
        if (value > 1)
            _fractions = null;
        _fractions?.Add((byte)(value * 255 + 0.5f));
    }

    /// <summary>The pixels so far, 0 to 255.</summary>
    public byte[] ToArray() => [.. _fractions ?? _levels];
}
