using System.Text;
using Recognizer.Inference.Imaging.Codecs;

namespace Recognizer.Inference.Imaging;

/// <summary>Decodes PNG, JPEG, BMP and PNM (PBM, PGM, PPM, PAM) pictures. The format is told from the content, never from a name.</summary>
public static class ImageDecoder
{
    /// <summary>Formats that are told from others, but not decoded: name, and what stands at an offset of the file.</summary>
    private static readonly (string Name, int Offset, string Mark)[] s_otherFormats =
    [
        ("WebP", 8, "WEBP"), ("GIF", 0, "GIF8"), ("TIFF", 0, "II*\0"), ("TIFF", 0, "MM\0*"), ("HEIC", 4, "ftyphe"), ("HEIF", 4, "ftypmif1"), ("AVIF", 4, "ftypavi"),
        ("PDF", 0, "%PDF"), ("SVG", 0, "<svg"), ("XML or SVG", 0, "<?xml"), ("icon (ICO)", 0, "\0\0\u0001\0"), ("JPEG 2000", 4, "jP  "),
    ];

    /// <summary>Decodes a picture.</summary>
    /// <param name="file">The whole encoded file.</param>
    /// <param name="options">Limits; <see cref="DecoderOptions.Default"/> where null.</param>
    /// <returns>The picture, upright (EXIF orientation applied), transparency composited over white; where the colour is the same
    /// everywhere the opacity becomes dark ink on white. Where a PNG, JPEG (JFIF) or BMP file states, with a unit, densities of the two axes that differ by more than 1.3 times, and at most
    /// 4 times, as those of a fax do, rows or columns are repeated until pixels are square, if the limits allow: the picture is then larger than its file says.</returns>
    /// <exception cref="ImageFormatException">The file is of another format, damaged, truncated, or exceeds a limit.</exception>
    public static Image Decode(ReadOnlySpan<byte> file, DecoderOptions? options = null)
    {
        options ??= DecoderOptions.Default;
        if (file.Length > options.MaxFileBytes)
            throw new ImageFormatException("image", 0, $"expected a file of at most {options.MaxFileBytes} bytes, found {file.Length}");
        if (PngDecoder.Recognizes(file)) return PngDecoder.Decode(file, options).Resolve(options);
        if (JpegDecoder.Recognizes(file)) return JpegDecoder.Decode(file, options).Resolve(options);
        if (BmpDecoder.Recognizes(file)) return BmpDecoder.Decode(file, options).Resolve(options);
        if (PnmDecoder.Recognizes(file)) return PnmDecoder.Decode(file, options);
        string start = Encoding.Latin1.GetString(file[..Math.Min(16, file.Length)]);
        string? other = Array.Find(s_otherFormats, f => start.AsSpan(Math.Min(f.Offset, start.Length)).StartsWith(f.Mark)).Name;
        string found = file.IsEmpty ? "an empty file" : other != null ? $"a file of the format {other}, to be converted to PNG or JPEG first" : "bytes " + Convert.ToHexString(file[..Math.Min(8, file.Length)]);
        throw new ImageFormatException("image", 0, $"expected the signature of a PNG, JPEG, BMP or PNM file, found {found}");
    }
}
