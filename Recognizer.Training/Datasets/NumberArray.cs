using System.Buffers.Binary;

namespace Recognizer.Training.Datasets;

/// <summary>What a file's numbers are.</summary>
internal enum NumberKind
{
    Unsigned,
    Signed,
    Float,
    Text,
}

/// <summary>How a file stores numbers.</summary>
/// <param name="Kind">What they are.</param>
/// <param name="Size">Bytes of each: 1, 2, 4 or 8; of floats 2, 4 or 8; of texts four for each code point.</param>
/// <param name="BigEndian">Byte order.</param>
internal readonly record struct NumberType(NumberKind Kind, int Size, bool BigEndian)
{
    /// <summary>The number at the start of <paramref name="bytes"/>; of 64-bit integers the nearest double.</summary>
    public double Read(ReadOnlySpan<byte> bytes)
    {
        ulong bits = Size switch
        {
            1 => bytes[0],
            2 => BigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            4 => BigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            _ => BigEndian ? BinaryPrimitives.ReadUInt64BigEndian(bytes) : BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        };
        int unused = 64 - 8 * Size;
        return (Kind, Size) switch
        {
            (NumberKind.Unsigned, _) => bits,
            // The sign is the highest bit of those that are there
            (NumberKind.Signed, _) => (long)(bits << unused) >> unused,
            (_, 2) => (double)BitConverter.UInt16BitsToHalf((ushort)bits),
            (_, 4) => BitConverter.UInt32BitsToSingle((uint)bits),
            _ => BitConverter.UInt64BitsToDouble(bits),
        };
    }
}

/// <summary>Numbers of a file that stores arrays, in the file's order.</summary>
/// <param name="Dimensions">Size along each dimension.</param>
/// <param name="Bytes">Values of an array of unsigned bytes.</param>
/// <param name="Numbers">Values of any other.</param>
internal record NumberArray(int[] Dimensions, byte[]? Bytes = null, double[]? Numbers = null)
{
    /// <summary>Fills a span with the next bytes of a file.</summary>
    public delegate void ByteReader(Span<byte> bytes);

    /// <summary>Values of an array of texts, which has no others.</summary>
    public string[]? Texts { get; init; }

    // How far pixels may lie beyond black and white, as those that were resampled without clipping do
    private const float Overshoot = 0.25f;

    public int Count => Bytes?.Length ?? Numbers?.Length ?? 0;

    public double this[int index] => Bytes is not null ? Bytes[index] : Numbers![index];

    public IEnumerable<double> Values => Enumerable.Range(0, Count).Select(i => this[i]);

    /// <summary>The dimensions as messages give them.</summary>
    public string Size => string.Join('×', Dimensions);

    /// <summary>Values of so many numbers: bytes, or doubles.</summary>
    public static (byte[]? Bytes, double[]? Numbers) Read(NumberType type, int count, ByteReader read)
    {
        if (type is { Kind: NumberKind.Unsigned, Size: 1 })
        {
            var bytes = new byte[count];
            read(bytes);
            return (bytes, null);
        }
        var numbers = new double[count];
        var block = new byte[Math.Min((long)count * type.Size, 1 << 16)];
        for (int done = 0; done < count;)
        {
            int now = Math.Min(block.Length / type.Size, count - done);
            read(block.AsSpan(0, now * type.Size));
            for (int i = 0; i < now; i++)
                numbers[done + i] = type.Read(block.AsSpan(i * type.Size));
            done += now;
        }
        return (null, numbers);
    }

    /// <summary>A label or another whole number, which files hold as floats too; null for others.</summary>
    public static int? Whole(double value) => (int)value is var whole && whole == value ? whole : null;

    /// <summary>Pixels from 0 to 255, of numbers from 0 to 255, or from 0 to 1 if none is larger. Whole numbers of any type may be stored as bytes, 0 and 1 too.</summary>
    /// <param name="name">What the messages call them.</param>
    /// <param name="progress">Hears that fractions lie beyond 0 and 1 and are clipped, which they may by a quarter.</param>
    public byte[] Levels(string name, Action<string>? progress)
    {
        if (Bytes is { } bytes && bytes.AsSpan().ContainsAnyExceptInRange((byte)0, (byte)1))
            return bytes;
        double least = 0, most = 0;
        for (int i = 0; i < Count; i++)
        {
            double value = this[i];
            if (!(value is >= -Overshoot and <= 255))
                throw new DatasetException(FormattableString.Invariant($"{name} has {value}, expected pixels from 0 to 255, or from 0 to 1."));
            (least, most) = (Math.Min(least, value), Math.Max(most, value));
        }
        bool fractions = most <= 1 + Overshoot;
        if (least < 0 && !fractions)
            throw new DatasetException(FormattableString.Invariant($"{name} has {least}, expected pixels from 0 to 255, or from 0 to 1."));
        if (least < 0 || fractions && most > 1)
            progress?.Invoke(FormattableString.Invariant($"{name}: pixels from {least:0.###} to {most:0.###} are taken as 0 to 1, what lies beyond as 0 or 1"));
        var levels = new byte[Count];
        for (int i = 0; i < levels.Length; i++)
            levels[i] = (byte)((fractions ? 255 * Math.Clamp((float)this[i], 0, 1) : (float)this[i]) + 0.5f);
        return levels;
    }
}
