using Recognizer.Inference.Imaging.Codecs;

namespace Recognizer.Inference.Imaging;

/// <summary>Decodes PNG, JPEG, BMP and PNM (PBM, PGM, PPM, PAM) pictures. The format is told from the content, never from a name.</summary>
public static class ImageDecoder
{
    /// <summary>Decodes a picture.</summary>
    /// <param name="file">The whole encoded file.</param>
    /// <param name="options">Limits; <see cref="DecoderOptions.Default"/> where null.</param>
    /// <returns>The picture, upright (EXIF orientation applied), transparency composited over white; where the colour is the same
    /// everywhere the opacity becomes dark ink on white.</returns>
    /// <exception cref="ImageFormatException">The file is of another format, damaged, truncated, or exceeds a limit.</exception>
    public static Image Decode(ReadOnlySpan<byte> file, DecoderOptions? options = null)
    {
        options ??= DecoderOptions.Default;
        if (file.Length > options.MaxFileBytes)
            throw new ImageFormatException("image", 0, $"expected a file of at most {options.MaxFileBytes} bytes, found {file.Length}");
        if (PngDecoder.Recognizes(file)) return PngDecoder.Decode(file, options);
        if (JpegDecoder.Recognizes(file)) return JpegDecoder.Decode(file, options);
        if (BmpDecoder.Recognizes(file)) return BmpDecoder.Decode(file, options);
        if (PnmDecoder.Recognizes(file)) return PnmDecoder.Decode(file, options);
        string found = file.IsEmpty ? "an empty file" : "bytes " + Convert.ToHexString(file[..Math.Min(8, file.Length)]);
        throw new ImageFormatException("image", 0, $"expected the signature of a PNG, JPEG, BMP or PNM file, found {found}");
    }
}
