namespace Recognizer.Inference.Imaging.Codecs;

/// <summary>A canonical Huffman code of JPEG: codes of a length are consecutive, and start at twice the next free code of the shorter length.</summary>
internal sealed class JpegHuffmanTable
{
    /// <summary>Codes up to this length are found in one step.</summary>
    public const int FastBits = 9;

    /// <summary>By the next <see cref="FastBits"/> bits: length · 256 + symbol, or 0 where the code is longer or there is none.</summary>
    public readonly ushort[] Fast = new ushort[1 << FastBits];

    /// <summary>One more than the greatest code of each length or a shorter one, shifted to 16 bits.</summary>
    public readonly int[] Limit = new int[17];

    /// <summary>What added to a code of each length gives its symbol's index.</summary>
    public readonly int[] Offset = new int[17];

    public readonly byte[] Symbols;

    private JpegHuffmanTable(byte[] symbols) => Symbols = symbols;

    /// <summary>Makes the table; null where the lengths don't fit into a tree.</summary>
    public static JpegHuffmanTable? Create(ReadOnlySpan<byte> counts, ReadOnlySpan<byte> symbols)
    {
        var table = new JpegHuffmanTable(symbols.ToArray());
        int code = 0, index = 0;
        for (int length = 1; length <= 16; length++)
        {
            int count = counts[length - 1];
            if (code + count > 1 << length) return null;
            table.Offset[length] = index - code;
            for (int i = 0; i < count; i++, code++, index++)
            {
                if (length > FastBits) continue;
                int shift = FastBits - length;
                table.Fast.AsSpan(code << shift, 1 << shift).Fill((ushort)(length << 8 | symbols[index]));
            }
            table.Limit[length] = code << 16 - length;
            code <<= 1;
        }
        return table;
    }
}
