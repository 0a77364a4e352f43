using System.Buffers.Binary;
using System.Runtime.Intrinsics;

namespace Recognizer.Inference.Imaging.Codecs;

/// <summary>JPEG (ITU-T T.81), 8 bits: baseline, extended sequential and progressive Huffman coding; grey, YCbCr, RGB, CMYK and YCCK
/// as JFIF and Adobe markers say; every sampling; restart markers; EXIF orientation; JFIF density.</summary>
internal sealed class JpegDecoder
{
    private const string Format = "JPEG";

    /// <summary>More scans than any encoder makes; fewer than a file made to waste time would have.</summary>
    private const int MaxScans = 500;

    private const byte NoBits = 255;

    private static ReadOnlySpan<byte> ZigZag =>
    [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
        35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    ];

    private sealed class Component
    {
        public int Id, HorizontalSampling, VerticalSampling, QuantizationTable;

        /// <summary>Samples that belong to the picture.</summary>
        public int Width, Height;

        /// <summary>Blocks stored, whole minimum coded units.</summary>
        public int BlocksPerRow, BlockRows;

        /// <summary>Samples, [BlockRows·8, BlocksPerRow·8].</summary>
        public byte[] Samples = [];

        /// <summary>Progressive only: coefficients in natural order, [BlockRows, BlocksPerRow, 64].</summary>
        public short[]? Coefficients;

        /// <summary>Progressive only: lowest bit that each coefficient has by now, in zigzag order; <see cref="NoBits"/> before its first scan.</summary>
        public byte[]? LowestBits;

        /// <summary>The table at the component's first scan. Once all its scans are done another may take the table's number.</summary>
        public ushort[]? Quantization;

        public JpegHuffmanTable? DcTable, AcTable;
        public int Prediction;
        public bool Seen;

        public int Stride => BlocksPerRow * 8;
    }

    private readonly DecoderOptions _options;
    private readonly ushort[]?[] _quantization = new ushort[4][];
    private readonly JpegHuffmanTable?[] _dcTables = new JpegHuffmanTable[4], _acTables = new JpegHuffmanTable[4];
    private Component[] _components = [];
    private int _width, _height, _maxHorizontal, _maxVertical, _mcusPerRow, _mcuRows;
    private bool _progressive, _jfif, _adobe;
    private uint _densityX, _densityY;
    private int _adobeTransform, _restartInterval, _orientation = 1, _scans;

    private JpegDecoder(DecoderOptions options) => _options = options;

    public static bool Recognizes(ReadOnlySpan<byte> file) => file.Length >= 3 && file[0] == 0xFF && file[1] == 0xD8 && file[2] == 0xFF;

    public static DecodedPicture Decode(ReadOnlySpan<byte> file, DecoderOptions options) => new JpegDecoder(options).Decode(new FileReader(Format, file) { Position = 2 });

    private DecodedPicture Decode(FileReader reader)
    {
        while (true)
        {
            int position = reader.Position;
            byte marker = NextMarker(ref reader);
            switch (marker)
            {
                case 0xC0 or 0xC1 or 0xC2:
                    ReadFrame(ref reader, marker, position);
                    break;
                case 0xC4:
                    ReadHuffmanTables(ref reader);
                    break;
                case 0xDA:
                    ReadScan(ref reader, position);
                    break;
                case 0xDB:
                    ReadQuantizationTables(ref reader);
                    break;
                case 0xDD:
                    var interval = Segment(ref reader, "restart interval");
                    if (interval.Length != 2) throw reader.Error(position, $"expected a restart interval of 2 bytes, found {interval.Length}");
                    _restartInterval = BinaryPrimitives.ReadUInt16BigEndian(interval);
                    break;
                case 0xD9:
                    return Finish(reader, position);
                case 0xE0:
                    var jfif = Segment(ref reader, "JFIF header");
                    if (!jfif.StartsWith("JFIF\0"u8)) break;
                    _jfif = true;
                    // Without a unit some writers state the sides of a pixel, others, the other way about, densities
                    if (jfif.Length >= 12 && jfif[7] != 0) (_densityX, _densityY) = (BinaryPrimitives.ReadUInt16BigEndian(jfif[8..]), BinaryPrimitives.ReadUInt16BigEndian(jfif[10..]));
                    break;
                case 0xE1:
                    ReadOnlySpan<byte> exif = Segment(ref reader, "EXIF data");
                    if (exif.StartsWith("Exif\0\0"u8)) _orientation = Orientation.FromExif(exif[6..]) ?? _orientation;
                    break;
                case 0xEE:
                    var adobe = Segment(ref reader, "Adobe data");
                    if (adobe.Length >= 12 && adobe.StartsWith("Adobe"u8)) (_adobe, _adobeTransform) = (true, adobe[11]);
                    break;
                case 0xC3 or 0xC5 or 0xC6 or 0xC7 or 0xCB or 0xCD or 0xCE or 0xCF:
                    throw reader.Error(position, $"expected baseline, sequential or progressive Huffman coding, found {Coding(marker)}");
                case 0xC9 or 0xCA or 0xCC:
                    throw reader.Error(position, "expected Huffman coding, found arithmetic coding");
                case 0xD8:
                    throw reader.Error(position, "expected one start of image, found another");
                case 0x01 or >= 0xD0 and <= 0xD7:
                    break; // no content; a stray restart marker between segments does no harm
                case 0xDC:
                    var lines = Segment(ref reader, "number of lines");
                    if (_components.Length == 0 || lines.Length != 2 || BinaryPrimitives.ReadUInt16BigEndian(lines) != _height)
                        throw reader.Error(position, "expected the number of lines in the frame header, found a DNL marker");
                    break; // says again what the frame header said
                default:
                    if (marker is not (>= 0xE0 and <= 0xFE)) throw reader.Error(position, $"expected a marker of the standard, found FF{marker:X2}");
                    Segment(ref reader, "segment");
                    break;
            }
        }
    }

    private static string Coding(byte marker) => marker switch
    {
        0xC3 => "lossless coding",
        0xC5 or 0xC6 or 0xC7 => "hierarchical coding",
        _ => "arithmetic lossless or hierarchical coding",
    };

    private static byte NextMarker(ref FileReader reader)
    {
        byte first = reader.Byte("marker");
        if (first != 0xFF) throw reader.Error(reader.Position - 1, $"expected a marker (FF), found byte {first:X2}");
        byte marker;
        do marker = reader.Byte("marker");
        while (marker == 0xFF); // any number of fill bytes
        return marker;
    }

    private static ReadOnlySpan<byte> Segment(ref FileReader reader, string what)
    {
        int length = reader.UInt16BigEndian("segment length");
        if (length < 2) throw reader.Error(reader.Position - 2, $"expected a segment of at least 2 bytes, found {length}");
        return reader.Bytes(length - 2, what);
    }

    private void ReadFrame(ref FileReader reader, byte marker, int position)
    {
        if (_components.Length != 0) throw reader.Error(position, "expected one frame, found another");
        var segment = Segment(ref reader, "frame header");
        if (segment.Length < 6) throw reader.Error(position, $"expected a frame header of at least 8 bytes, found {segment.Length + 2}");
        if (segment[0] != 8) throw reader.Error(position + 4, $"expected 8 bits per sample, found {segment[0]}");
        _height = BinaryPrimitives.ReadUInt16BigEndian(segment[1..]);
        _width = BinaryPrimitives.ReadUInt16BigEndian(segment[3..]);
        if (_height == 0) throw reader.Error(position + 5, "expected the number of lines in the frame header, found 0, which leaves it to a DNL marker: that is not supported");
        int count = segment[5];
        if (count is not (1 or 3 or 4)) throw reader.Error(position + 9, $"expected 1, 3 or 4 components, found {count}");
        if (segment.Length != 6 + 3 * count) throw reader.Error(position, $"expected a frame header of {8 + 3 * count} bytes, found {segment.Length + 2}");
        _progressive = marker == 0xC2;

        var components = new Component[count];
        for (int i = 0; i < count; i++)
        {
            var entry = segment.Slice(6 + 3 * i, 3);
            var c = components[i] = new Component { Id = entry[0], HorizontalSampling = entry[1] >> 4, VerticalSampling = entry[1] & 15, QuantizationTable = entry[2] };
            if (c.HorizontalSampling is < 1 or > 4 || c.VerticalSampling is < 1 or > 4)
                throw reader.Error(position + 11 + 3 * i, $"expected sampling factors of 1 to 4, found {c.HorizontalSampling}×{c.VerticalSampling}");
            if (c.QuantizationTable > 3) throw reader.Error(position + 12 + 3 * i, $"expected a quantisation table of 0 to 3, found {c.QuantizationTable}");
            for (int j = 0; j < i; j++)
                if (components[j].Id == c.Id) throw reader.Error(position + 10 + 3 * i, $"expected different component numbers, found {c.Id} twice");
            _maxHorizontal = Math.Max(_maxHorizontal, c.HorizontalSampling);
            _maxVertical = Math.Max(_maxVertical, c.VerticalSampling);
        }
        if (count == 1)
        {
            // a single component is coded block by block, whatever its sampling factors say
            components[0].HorizontalSampling = components[0].VerticalSampling = _maxHorizontal = _maxVertical = 1;
        }
        _mcusPerRow = DivideUp(_width, 8 * _maxHorizontal);
        _mcuRows = DivideUp(_height, 8 * _maxVertical);
        long blocks = 0, stored = 0;
        foreach (var c in components)
        {
            c.Width = DivideUp(_width * c.HorizontalSampling, _maxHorizontal);
            c.Height = DivideUp(_height * c.VerticalSampling, _maxVertical);
            c.BlocksPerRow = _mcusPerRow * c.HorizontalSampling;
            c.BlockRows = _mcuRows * c.VerticalSampling;
            blocks += (long)DivideUp(c.Width, 8) * DivideUp(c.Height, 8);
            stored += (long)c.BlocksPerRow * c.BlockRows;
        }
        // A sample takes a byte, in progressive files also a coefficient of two; then there is the result, twice where it is turned
        _options.Check(Format, position, _width, _height, (count == 1 ? 1 : 3) * 2, stored * 64 * (_progressive ? 3 : 1));
        // Every block takes a bit at least (its DC coefficient): a short file can't hold a large picture
        if (blocks > reader.Remaining * 8L)
            throw reader.Error(position, $"expected at least {blocks / 8} bytes for {_width}×{_height} pixels, found the end of the file after {reader.Remaining}");
        foreach (var c in components)
        {
            if (_progressive)
            {
                c.Coefficients = new short[(long)c.BlocksPerRow * c.BlockRows * 64];
                Array.Fill(c.LowestBits = new byte[64], NoBits);
            }
            c.Samples = new byte[(long)c.BlocksPerRow * c.BlockRows * 64];
        }
        _components = components;
    }

    private static int DivideUp(int value, int by) => (value + by - 1) / by;

    private void ReadQuantizationTables(ref FileReader reader)
    {
        int position = reader.Position;
        var segment = Segment(ref reader, "quantisation tables");
        while (!segment.IsEmpty)
        {
            int precision = segment[0] >> 4, number = segment[0] & 15, bytes = precision == 0 ? 64 : 128;
            if (precision > 1 || number > 3) throw reader.Error(position, $"expected a quantisation table of 8 or 16 bits, number 0 to 3, found {segment[0]:X2}");
            if (segment.Length < 1 + bytes) throw reader.Error(position, $"expected {bytes} bytes of quantisation table, found {segment.Length - 1}");
            var table = new ushort[64];
            for (int i = 0; i < 64; i++)
            {
                table[ZigZag[i]] = precision == 0 ? segment[1 + i] : BinaryPrimitives.ReadUInt16BigEndian(segment[(1 + 2 * i)..]);
            }
            _quantization[number] = table;
            segment = segment[(1 + bytes)..];
        }
    }

    private void ReadHuffmanTables(ref FileReader reader)
    {
        int position = reader.Position;
        var segment = Segment(ref reader, "Huffman tables");
        while (!segment.IsEmpty)
        {
            int kind = segment[0] >> 4, number = segment[0] & 15;
            if (kind > 1 || number > 3) throw reader.Error(position, $"expected a Huffman table for DC or AC, number 0 to 3, found {segment[0]:X2}");
            if (segment.Length < 17) throw reader.Error(position, $"expected a Huffman table of at least 17 bytes, found {segment.Length}");
            int symbols = 0;
            for (int i = 1; i <= 16; i++) symbols += segment[i];
            if (symbols > 256 || segment.Length < 17 + symbols) throw reader.Error(position, $"expected at most 256 Huffman codes within the segment, found {symbols}");
            var table = JpegHuffmanTable.Create(segment.Slice(1, 16), segment.Slice(17, symbols))
                ?? throw reader.Error(position, "expected Huffman code lengths that fit into a tree");
            (kind == 0 ? _dcTables : _acTables)[number] = table;
            segment = segment[(17 + symbols)..];
        }
    }

    private void ReadScan(ref FileReader reader, int position)
    {
        if (_components.Length == 0) throw reader.Error(position, "expected a frame header before the first scan");
        if (++_scans > MaxScans) throw reader.Error(position, $"expected at most {MaxScans} scans");
        var segment = Segment(ref reader, "scan header");
        int count = segment.IsEmpty ? 0 : segment[0];
        if (count is < 1 or > 4 || segment.Length != 4 + 2 * count) throw reader.Error(position, "expected a scan header for 1 to 4 components");
        var components = new Component[count];
        int start = segment[^3], end = segment[^2], high = segment[^1] >> 4, low = segment[^1] & 15;
        if (_progressive)
        {
            bool valid = start == 0 ? end == 0 : start <= end && end <= 63 && count == 1;
            if (!valid || low > 13 || high != 0 && high != low + 1)
                throw reader.Error(position, $"expected a valid spectral selection and approximation, found {start}–{end}, {high} to {low}");
        }
        else (start, end, high, low) = (0, 63, 0, 0);
        int blocksPerMcu = 0;
        for (int i = 0; i < count; i++)
        {
            int id = segment[1 + 2 * i], tables = segment[2 + 2 * i];
            var c = components[i] = Array.Find(_components, c => c.Id == id) ?? throw reader.Error(position, $"expected a component of the frame, found {id}");
            for (int j = 0; j < i; j++) if (components[j] == c) throw reader.Error(position, $"expected different components in a scan, found {id} twice");
            if ((tables >> 4) > 3 || (tables & 15) > 3) throw reader.Error(position, $"expected Huffman tables 0 to 3, found {tables:X2}");
            c.DcTable = _dcTables[tables >> 4];
            c.AcTable = _acTables[tables & 15];
            bool needsDc = start == 0 && high == 0, needsAc = end > 0;
            if (needsDc && c.DcTable == null) throw reader.Error(position, $"expected a DC Huffman table {tables >> 4} before the scan");
            if (needsAc && c.AcTable == null) throw reader.Error(position, $"expected an AC Huffman table {tables & 15} before the scan");
            c.Quantization ??= _quantization[c.QuantizationTable] ?? throw reader.Error(position, $"expected a quantisation table {c.QuantizationTable} before the scan");
            if (c.LowestBits is { } bits)
            {
                // Each bit comes once: a scan that repeats one costs a few bytes and a pass over all coefficients
                for (int k = start; k <= end; k++)
                    if (high == 0 ? bits[k] != NoBits : bits[k] != high)
                        throw reader.Error(position, $"expected bits of coefficient {k} of component {id} that follow those of earlier scans, found {high} to {low} after {(bits[k] == NoBits ? "none" : bits[k])}");
                bits.AsSpan(start, end - start + 1).Fill((byte)low);
            }
            c.Seen |= start == 0;
            blocksPerMcu += c.HorizontalSampling * c.VerticalSampling;
        }
        if (count > 1 && blocksPerMcu > 10) throw reader.Error(position, $"expected at most 10 blocks in a coded unit, found {blocksPerMcu}");
        var scan = new Scan(this, new JpegBitReader(reader.File, reader.Position), start, end, high, low);
        scan.Decode(components);
        reader.Position = scan.End;
    }

    /// <summary>Entropy-coded data of one scan.</summary>
    private ref struct Scan(JpegDecoder decoder, JpegBitReader bits, int start, int end, int high, int low)
    {
        private JpegBitReader _bits = bits;
        private int _endOfBandRun;

        public readonly int End => _bits.MarkerPosition;

        public void Decode(Component[] components)
        {
            int restart = decoder._restartInterval, left = restart;
            int nextRestart = 0;
            foreach (var c in components) c.Prediction = 0;
            Span<short> block = stackalloc short[64];
            bool interleaved = components.Length > 1;
            int columns = interleaved ? decoder._mcusPerRow : DivideUp(components[0].Width, 8);
            int rows = interleaved ? decoder._mcuRows : DivideUp(components[0].Height, 8);
            for (int y = 0; y < rows; y++)
                for (int x = 0; x < columns; x++)
                {
                    if (restart > 0 && left-- == 0)
                    {
                        _bits.Restart(nextRestart);
                        nextRestart = nextRestart + 1 & 7;
                        left = restart - 1;
                        _endOfBandRun = 0;
                        foreach (var c in components) c.Prediction = 0;
                    }
                    if (!interleaved)
                    {
                        DecodeBlock(components[0], x, y, block);
                        continue;
                    }
                    foreach (var c in components)
                        for (int v = 0; v < c.VerticalSampling; v++)
                            for (int h = 0; h < c.HorizontalSampling; h++)
                                DecodeBlock(c, x * c.HorizontalSampling + h, y * c.VerticalSampling + v, block);
                }
            _bits.Finish();
        }

        private void DecodeBlock(Component c, int x, int y, scoped Span<short> block)
        {
            if (c.Coefficients == null)
            {
                block.Clear();
                Sequential(c, block);
                JpegTransform.Inverse(block, c.Quantization, c.Samples.AsSpan(y * 8 * c.Stride + x * 8), c.Stride);
                return;
            }
            var coefficients = c.Coefficients.AsSpan((y * c.BlocksPerRow + x) * 64, 64);
            if (start == 0)
            {
                if (high == 0) coefficients[0] = (short)(NextDc(c) << low);
                else if (_bits.Bit()) coefficients[0] |= (short)(1 << low);
            }
            else if (high == 0) FirstAc(c, coefficients);
            else RefineAc(c, coefficients);
        }

        private int NextDc(Component c)
        {
            int size = _bits.Symbol(c.DcTable!);
            if (size > 15) throw _bits.Error($"expected a DC difference of at most 15 bits, found {size}");
            return c.Prediction = (short)(c.Prediction + _bits.Signed(size));
        }

        private void Sequential(Component c, scoped Span<short> block)
        {
            block[0] = (short)NextDc(c);
            var table = c.AcTable!;
            for (int k = 1; k < 64; k++)
            {
                int symbol = _bits.Symbol(table), run = symbol >> 4, size = symbol & 15;
                if (size == 0)
                {
                    if (run != 15) return;
                    k += 15;
                    continue;
                }
                k += run;
                if (k > end) throw BeyondBand();
                block[ZigZag[k]] = (short)_bits.Signed(size);
            }
        }

        private void FirstAc(Component c, scoped Span<short> block)
        {
            if (_endOfBandRun > 0)
            {
                _endOfBandRun--;
                return;
            }
            var table = c.AcTable!;
            for (int k = start; k <= end; k++)
            {
                int symbol = _bits.Symbol(table), run = symbol >> 4, size = symbol & 15;
                if (size == 0)
                {
                    if (run == 15)
                    {
                        k += 15;
                        continue;
                    }
                    _endOfBandRun = (1 << run) - 1 + (run > 0 ? _bits.Unsigned(run) : 0);
                    return;
                }
                k += run;
                if (k > end) throw BeyondBand();
                block[ZigZag[k]] = (short)(_bits.Signed(size) << low);
            }
        }

        /// <summary>One more bit for coefficients known to be non-zero, among them new ones of ±1; a run counts only those that stay zero.</summary>
        private void RefineAc(Component c, scoped Span<short> block)
        {
            short bit = (short)(1 << low);
            int k = start;
            if (_endOfBandRun == 0)
            {
                var table = c.AcTable!;
                while (k <= end)
                {
                    int symbol = _bits.Symbol(table), run = symbol >> 4, size = symbol & 15;
                    short value = 0;
                    if (size == 1) value = _bits.Bit() ? bit : (short)-bit;
                    else if (size != 0) throw _bits.Error($"expected a new coefficient of one bit, found {size}");
                    else if (run < 15)
                    {
                        _endOfBandRun = (1 << run) + (run > 0 ? _bits.Unsigned(run) : 0);
                        break;
                    }
                    for (; k <= end; k++)
                    {
                        ref short coefficient = ref block[ZigZag[k]];
                        if (coefficient != 0) Refine(ref coefficient, bit);
                        else if (run-- == 0) break;
                    }
                    if (value != 0)
                    {
                        if (k > end) throw BeyondBand();
                        block[ZigZag[k]] = value;
                    }
                    k++;
                }
            }
            if (_endOfBandRun > 0)
            {
                for (; k <= end; k++)
                {
                    ref short coefficient = ref block[ZigZag[k]];
                    if (coefficient != 0) Refine(ref coefficient, bit);
                }
                _endOfBandRun--;
            }
        }

        private readonly ImageFormatException BeyondBand() => _bits.Error($"expected coefficients {start} to {end}, found one beyond");

        private void Refine(ref short coefficient, short bit)
        {
            if (_bits.Bit() && (coefficient & bit) == 0) coefficient += coefficient > 0 ? bit : (short)-bit;
        }
    }

    private DecodedPicture Finish(FileReader reader, int position)
    {
        if (_components.Length == 0) throw reader.Error(position, "expected a frame before the end of the image");
        foreach (var c in _components)
        {
            if (!c.Seen) throw reader.Error(position, $"expected a scan of component {c.Id} before the end of the image");
            if (c.Coefficients == null) continue;
            for (int y = 0; y < c.BlockRows; y++)
                for (int x = 0; x < c.BlocksPerRow; x++)
                    JpegTransform.Inverse(c.Coefficients.AsSpan((y * c.BlocksPerRow + x) * 64, 64), c.Quantization, c.Samples.AsSpan(y * 8 * c.Stride + x * 8), c.Stride);
            c.Coefficients = null;
        }
        int channels = _components.Length == 1 ? 1 : 3;
        var pixels = new byte[_width * _height * channels];
        if (channels == 1)
        {
            var c = _components[0];
            for (int y = 0; y < _height; y++) c.Samples.AsSpan(y * c.Stride, _width).CopyTo(pixels.AsSpan(y * _width));
        }
        else ConvertColors(pixels);
        return new(new Image(_width, _height, channels, pixels), _orientation, _densityX, _densityY);
    }

    private void ConvertColors(byte[] pixels)
    {
        // Three components are YCbCr in JFIF, whatever else is said
        bool rgb = _components.Length == 3 && !_jfif && (_adobe ? _adobeTransform == 0
            : _components[0].Id == 'R' && _components[1].Id == 'G' && _components[2].Id == 'B');
        bool plainCmyk = _components.Length == 4 && (!_adobe || _adobeTransform == 0);
        var rows = new byte[_components.Length][];
        for (int i = 0; i < rows.Length; i++) rows[i] = new byte[_width + 8];
        var scratch = new ushort[_width + 8];
        for (int y = 0; y < _height; y++)
        {
            for (int i = 0; i < rows.Length; i++)
            {
                var c = _components[i];
                JpegUpsampler.Row(c.Samples, c.Stride, c.Width, c.Height, c.HorizontalSampling, c.VerticalSampling, _maxHorizontal, _maxVertical, y, _width, rows[i], scratch);
            }
            var target = pixels.AsSpan(y * _width * 3, _width * 3);
            byte[] first = rows[0], second = rows[1], third = rows[2];
            if (!rgb && !plainCmyk) ToRgb(first, second, third, _width);
            RgbPixels.Interleave(first, second, third, target);
            if (rows.Length == 4)
            {
                // Adobe stores inks inverted, as the light that they leave; its YCbCr is that of the inks themselves. Without its marker
                // inks are stored as they are.
                byte[] black = rows[3];
                bool inks = !_adobe || _adobeTransform != 0;
                for (int x = 0; x < _width; x++)
                {
                    int light = _adobe ? black[x] : 255 - black[x];
                    for (int i = 3 * x; i < 3 * x + 3; i++) target[i] = (byte)(((inks ? 255 - target[i] : target[i]) * light + 127) / 255);
                }
            }
        }
    }

    /// <summary>From rows of Y, Cb and Cr to red, green and blue, in place. ITU-R BT.601 with full range: R = Y + 1.402·(Cr − 128),
    /// G = Y − 0.344136·(Cb − 128) − 0.714136·(Cr − 128), B = Y + 1.772·(Cb − 128).</summary>
    private static void ToRgb(Span<byte> first, Span<byte> second, Span<byte> third, int count)
    {
        const int One = 1 << 16, Half = One / 2, RedOfRed = 91881, GreenOfBlue = -22554, GreenOfRed = -46802, BlueOfBlue = 116130, Zero = 128;
        const int RedOffset = Half - Zero * RedOfRed, GreenOffset = Half - Zero * (GreenOfBlue + GreenOfRed), BlueOffset = Half - Zero * BlueOfBlue;
        int x = 0;
        for (; x <= count - RgbPixels.Step; x += RgbPixels.Step)
        {
            var channels = (Vector128.Create(first[x..]), Vector128.Create(second[x..]), Vector128.Create(third[x..]));
            RgbPixels.Mix(channels, (One, 0, RedOfRed), RedOffset).CopyTo(first[x..]);
            RgbPixels.Mix(channels, (One, GreenOfBlue, GreenOfRed), GreenOffset).CopyTo(second[x..]);
            RgbPixels.Mix(channels, (One, BlueOfBlue, 0), BlueOffset).CopyTo(third[x..]);
        }
        for (; x < count; x++)
        {
            var (luma, blue, red) = (first[x], second[x], third[x]);
            first[x] = RgbPixels.Mix(luma, blue, red, (One, 0, RedOfRed), RedOffset);
            second[x] = RgbPixels.Mix(luma, blue, red, (One, GreenOfBlue, GreenOfRed), GreenOffset);
            third[x] = RgbPixels.Mix(luma, blue, red, (One, BlueOfBlue, 0), BlueOffset);
        }
    }
}
