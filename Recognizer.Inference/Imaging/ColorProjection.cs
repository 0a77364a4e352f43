using System.Runtime.Intrinsics;

namespace Recognizer.Inference.Imaging;

/// <summary>A mixture of red, green and blue: value = offset + Σ weight·channel, within 0…255 for every colour.</summary>
internal readonly record struct ColorProjection(float Red, float Green, float Blue, float Offset)
{
    /// <summary>Luma of ITU-R BT.601.</summary>
    public static ColorProjection Luma => new(0.299f, 0.587f, 0.114f, 0);

    /// <summary>The mixture along which neighbouring parts of the picture differ most: the first principal component of colour
    /// differences over a short distance. Differences, because ink against ground is a sharp change, whereas shading is a slow one.
    /// Where that is nearly a change of lightness, the luma.</summary>
    public static ColorProjection Find(Image image)
    {
        ReadOnlySpan<byte> pixels = image.Pixels;
        int width = image.Width, height = image.Height;
        int distance = Math.Max(1, Math.Min(width, height) / 28);
        int step = Math.Max(1, (int)Math.Sqrt((double)width * height / 16384));
        Span<double> moments = stackalloc double[6]; // rr gg bb rg rb gb
        for (int y = 0; y < height; y += step)
            for (int x = 0; x < width; x += step)
            {
                int p = (y * width + x) * 3;
                if (x + distance < width) Accumulate(pixels, p, p + distance * 3, moments);
                if (y + distance < height) Accumulate(pixels, p, p + distance * width * 3, moments);
            }

        // Power iteration from the luma: it converges to the strongest direction, and stays with lightness where nothing is stronger
        double r = 0.5, g = 0.7, b = 0.3;
        for (int i = 0; i < 32; i++)
        {
            double nr = moments[0] * r + moments[3] * g + moments[4] * b;
            double ng = moments[3] * r + moments[1] * g + moments[5] * b;
            double nb = moments[4] * r + moments[5] * g + moments[2] * b;
            double length = Math.Sqrt(nr * nr + ng * ng + nb * nb);
            if (length < 1e-9) return Luma;
            (r, g, b) = (nr / length, ng / length, nb / length);
        }
        double gray = (r + g + b) / Math.Sqrt(3);
        if (Math.Abs(gray) > 0.97) return Luma;
        if (0.299 * r + 0.587 * g + 0.114 * b < 0) (r, g, b) = (-r, -g, -b);
        double total = Math.Abs(r) + Math.Abs(g) + Math.Abs(b);
        double negative = Math.Max(0, -r) + Math.Max(0, -g) + Math.Max(0, -b);
        return new((float)(r / total), (float)(g / total), (float)(b / total), (float)(255 * negative / total));
    }

    private static void Accumulate(ReadOnlySpan<byte> pixels, int a, int b, Span<double> moments)
    {
        int red = pixels[a] - pixels[b], green = pixels[a + 1] - pixels[b + 1], blue = pixels[a + 2] - pixels[b + 2];
        moments[0] += red * red;
        moments[1] += green * green;
        moments[2] += blue * blue;
        moments[3] += red * green;
        moments[4] += red * blue;
        moments[5] += green * blue;
    }

    /// <summary>Projects RGB triples.</summary>
    public void Apply(ReadOnlySpan<byte> rgb, Span<byte> gray)
    {
        // 16 fractional bits: exact to half a level, and grey stays the same grey
        var weights = ((int)Math.Round(Red * 65536), (int)Math.Round(Green * 65536), (int)Math.Round(Blue * 65536));
        int offset = (int)(Offset * 65536) + 32768, i = 0;
        for (; i <= gray.Length - RgbPixels.Step; i += RgbPixels.Step) RgbPixels.Mix(RgbPixels.Take(rgb[(3 * i)..]), weights, offset).CopyTo(gray[i..]);
        for (; i < gray.Length; i++) gray[i] = RgbPixels.Mix(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2], weights, offset);
    }
}
