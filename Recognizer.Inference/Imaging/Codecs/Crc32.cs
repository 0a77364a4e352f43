namespace Recognizer.Inference.Imaging.Codecs;

/// <summary>The cyclic redundancy check of PNG chunks: polynomial 0xEDB88320 (reflected), start and final inversion.</summary>
internal static class Crc32
{
    private static readonly uint[] s_tables = MakeTables();

    // Table k holds the effect of a byte followed by k zero bytes, so that eight bytes are done at once
    private static uint[] MakeTables()
    {
        var tables = new uint[8 * 256];
        for (uint i = 0; i < 256; i++)
        {
            uint crc = i;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320u : crc >> 1;
            tables[i] = crc;
        }
        for (int i = 256; i < tables.Length; i++)
        {
            uint crc = tables[i - 256];
            tables[i] = crc >> 8 ^ tables[crc & 255];
        }
        return tables;
    }

    public static uint Compute(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        uint[] t = s_tables;
        while (data.Length >= 8)
        {
            crc ^= System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(data);
            crc = t[7 * 256 + (int)(crc & 255)] ^ t[6 * 256 + (int)(crc >> 8 & 255)] ^ t[5 * 256 + (int)(crc >> 16 & 255)] ^ t[4 * 256 + (int)(crc >> 24)]
                ^ t[3 * 256 + data[4]] ^ t[2 * 256 + data[5]] ^ t[256 + data[6]] ^ t[data[7]];
            data = data[8..];
        }
        foreach (byte b in data) crc = t[(crc ^ b) & 255] ^ crc >> 8;
        return ~crc;
    }
}
