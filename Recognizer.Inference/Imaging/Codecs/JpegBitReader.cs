namespace Recognizer.Inference.Imaging.Codecs;

/// <summary>Reads bits of entropy-coded data, most significant first. A byte FF is followed by a stuffed 00; any other FF xx is a marker, at
/// which the data ends.</summary>
internal ref struct JpegBitReader(ReadOnlySpan<byte> file, int position)
{
    private readonly ReadOnlySpan<byte> _file = file;
    private ulong _bits; // the next bit is the topmost
    private int _available; // bits that the file gave
    private int _position = position;
    private bool _ended;

    /// <summary>Where the marker after the data is; known once <see cref="Finish"/> was called.</summary>
    public readonly int MarkerPosition => _position;

    public readonly ImageFormatException Error(string problem) => new("JPEG", _position, problem);

    /// <summary>Tops the buffer up to more than 56 bits; beyond the data's end zeros follow, which <see cref="Skip"/> refuses.</summary>
    private void Fill()
    {
        while (_available <= 56 && !_ended)
        {
            if (_position >= _file.Length)
            {
                _ended = true;
                break;
            }
            byte value = _file[_position];
            if (value == 0xFF)
            {
                if (_position + 1 >= _file.Length || _file[_position + 1] != 0)
                {
                    _ended = true;
                    break;
                }
                _position++;
            }
            _position++;
            _bits |= (ulong)value << (56 - _available);
            _available += 8;
        }
    }

    private void Skip(int count)
    {
        if (count > _available)
            throw Error(_position >= _file.Length ? "expected more image data, found the end of the file" : "expected more image data, found a marker");
        _bits <<= count;
        _available -= count;
    }

    public int Symbol(JpegHuffmanTable table)
    {
        if (_available < 16) Fill();
        int entry = table.Fast[(int)(_bits >> 64 - JpegHuffmanTable.FastBits)];
        if (entry != 0)
        {
            Skip(entry >> 8);
            return entry & 255;
        }
        int next = (int)(_bits >> 48);
        for (int length = 1; length <= 16; length++)
        {
            if (next >= table.Limit[length]) continue;
            Skip(length);
            return table.Symbols[(next >> 16 - length) + table.Offset[length]];
        }
        if (_available < 16) Skip(16);
        throw Error("expected a code of the Huffman table");
    }

    public bool Bit() => Unsigned(1) != 0;

    /// <summary>The next 1 to 16 bits as a number.</summary>
    public int Unsigned(int count)
    {
        if (_available < count) Fill();
        int value = (int)(_bits >> 64 - count);
        Skip(count);
        return value;
    }

    /// <summary>A number of <paramref name="count"/> bits, 0 to 16: values below 2^(count − 1) stand for negative ones, −(2^count − 1) + value.</summary>
    public int Signed(int count)
    {
        if (count == 0) return 0;
        int value = Unsigned(count);
        return value < 1 << count - 1 ? value - (1 << count) + 1 : value;
    }

    /// <summary>Moves past the restart marker with this number, which must come next.</summary>
    public void Restart(int number)
    {
        Finish();
        if (_position + 1 >= _file.Length || _file[_position + 1] != 0xD0 + number)
            throw Error($"expected restart marker {number}, found {(_position + 1 < _file.Length ? $"FF{_file[_position + 1]:X2}" : "the end of the file")}");
        _position += 2;
        _ended = false;
    }

    /// <summary>Drops the rest of the bits and moves to the next marker.</summary>
    public void Finish()
    {
        while (!_ended)
        {
            _available = 0;
            Fill();
        }
        _bits = 0;
        _available = 0;
        while (_position + 1 < _file.Length && _file[_position + 1] == 0xFF) _position++; // fill bytes before the marker
    }
}
