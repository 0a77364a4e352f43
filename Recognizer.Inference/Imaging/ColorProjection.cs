using System.Runtime.Intrinsics;

namespace Recognizer.Inference.Imaging;

/// <summary>A mixture of red, green and blue: value = offset + Σ weight·channel, within 0…255 for every colour.</summary>
internal readonly record struct ColorProjection(float Red, float Green, float Blue, float Offset)
{
    /// <summary>Most pixels along a side of the cells whose colours are compared.</summary>
    private const int CellSide = 4;

    /// <summary>Luma of ITU-R BT.601.</summary>
    public static ColorProjection Luma => new(0.299f, 0.587f, 0.114f, 0);

    /// <summary>The mixture along which neighbouring parts of the picture differ most: the first principal component of colour
    /// differences over a short distance. Differences, because ink against ground is a sharp change, whereas shading is a slow one;
    /// between means of small cells, because a fine texture of colours, as of a screen's pixels, may outweigh the ink. Where that is
    /// nearly a change of lightness, the luma.</summary>
    public static ColorProjection Find(Image image)
    {
        int width = image.Width, height = image.Height;
        int distance = Math.Max(1, Math.Min(width, height) / 28);
        int step = Math.Max(1, (int)Math.Sqrt((double)width * height / 16384));
        int columns = (width + step - 1) / step, rows = (height + step - 1) / step, reach = Math.Max(1, (distance + step / 2) / step);
        int[] cells = Cells(image, step, Math.Min(distance, CellSide), columns, rows);
        Span<double> moments = stackalloc double[6]; // rr gg bb rg rb gb
        for (int y = 0; y < rows; y++)
            for (int x = 0; x < columns; x++)
            {
                int p = (y * columns + x) * 3;
                if (x + reach < columns) Accumulate(cells, p, p + reach * 3, moments);
                if (y + reach < rows) Accumulate(cells, p, p + reach * columns * 3, moments);
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

    /// <summary>Sums of the colours of square cells, one every so many pixels: [row, column, channel]. Beyond the picture its last pixels go on.</summary>
    private static int[] Cells(Image image, int step, int side, int columns, int rows)
    {
        ReadOnlySpan<byte> pixels = image.Pixels;
        var sums = new int[rows * columns * 3];
        for (int row = 0, to = 0; row < rows; row++)
            for (int column = 0; column < columns; column++, to += 3)
                for (int v = 0; v < side; v++)
                {
                    int start = Math.Min(row * step + v, image.Height - 1) * image.Width;
                    for (int u = 0; u < side; u++)
                    {
                        int p = (start + Math.Min(column * step + u, image.Width - 1)) * 3;
                        sums[to] += pixels[p];
                        sums[to + 1] += pixels[p + 1];
                        sums[to + 2] += pixels[p + 2];
                    }
                }
        return sums;
    }

    private static void Accumulate(ReadOnlySpan<int> cells, int a, int b, Span<double> moments)
    {
        int red = cells[a] - cells[b], green = cells[a + 1] - cells[b + 1], blue = cells[a + 2] - cells[b + 2];
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
