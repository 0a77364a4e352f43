using Recognizer.Inference.Imaging;

namespace Recognizer.Tests.Imaging;

/// <summary>Draws digits with a round pen, for tests that need pictures of characters of any size.</summary>
internal static class Drawing
{
    // Strokes as points in a box 1 wide and 1 high, y downwards
    private static readonly (double X, double Y)[][][] s_digits =
    [
        [[(0.5, 0), (0.18, 0.12), (0.05, 0.45), (0.12, 0.85), (0.45, 1), (0.8, 0.88), (0.95, 0.5), (0.82, 0.12), (0.5, 0)]],
        [[(0.3, 0.18), (0.55, 0), (0.5, 1)]],
        [[(0.05, 0.22), (0.3, 0), (0.75, 0.05), (0.85, 0.3), (0.05, 1), (0.95, 0.97)]],
        [[(0.05, 0.1), (0.5, 0), (0.85, 0.2), (0.4, 0.47), (0.9, 0.72), (0.5, 1), (0.02, 0.9)]],
        [[(0.3, 0), (0.05, 0.6), (0.95, 0.58)], [(0.7, 0.2), (0.65, 1)]],
        [[(0.9, 0), (0.2, 0.02), (0.12, 0.42), (0.6, 0.38), (0.9, 0.65), (0.6, 1), (0.05, 0.95)]],
        [[(0.75, 0), (0.25, 0.35), (0.08, 0.75), (0.4, 1), (0.8, 0.85), (0.75, 0.55), (0.35, 0.5), (0.12, 0.7)]],
        [[(0.02, 0.03), (0.92, 0), (0.35, 1)]],
        [[(0.5, 0.48), (0.15, 0.25), (0.5, 0), (0.82, 0.22), (0.5, 0.48), (0.08, 0.75), (0.5, 1), (0.9, 0.75), (0.5, 0.48)]],
        [[(0.85, 0.2), (0.45, 0), (0.12, 0.25), (0.4, 0.5), (0.85, 0.22), (0.8, 0.6), (0.65, 1)]],
        [[(0.8, -0.05), (0.2, 1.05)]],
        [[(0.55, 0.9), (0.35, 1.1)]],
        [[(0.5, 0.22), (0.5, 0.78)], [(0.05, 0.5), (0.95, 0.5)]],
        [[(0.1, 0.2), (0.3, 0.02), (0.7, 0), (0.9, 0.2), (0.8, 0.4), (0.5, 0.55), (0.5, 0.72)], [(0.48, 0.96), (0.52, 0.97)]],
        [[(0.1, 0.28), (0.9, 0.72)], [(0.1, 0.72), (0.9, 0.28)]],
        [[(0.05, 0.5), (0.95, 0.5)], [(0.48, 0.2), (0.52, 0.21)], [(0.48, 0.8), (0.52, 0.79)]],
        [[(0.95, 0.12), (0.65, 0), (0.3, 0.2), (0.22, 0.5), (0.3, 0.8), (0.65, 1), (0.95, 0.88)], [(0, 0.4), (0.7, 0.4)], [(0, 0.6), (0.65, 0.6)]],
        [[(0.9, 0.2), (0.5, 0.08), (0.12, 0.28), (0.5, 0.5), (0.9, 0.72), (0.5, 0.92), (0.05, 0.8)], [(0.5, -0.08), (0.5, 1.08)]],
    ];

    /// <summary>Numbers of marks beside those of the digits.</summary>
    public const int Slash = 10, Comma = 11, Plus = 12, QuestionMark = 13, Times = 14, Over = 15, Euro = 16, Dollar = 17;

    /// <summary>Coverage 0…1 of a digit drawn into a box.</summary>
    /// <param name="canvas">[height, width]; what is covered more stays.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="digit">0 to 9, or the number of a mark.</param>
    /// <param name="left">Left of the box.</param>
    /// <param name="top">Top of the box.</param>
    /// <param name="boxWidth">Width of the box.</param>
    /// <param name="boxHeight">Height of the box.</param>
    /// <param name="pen">Width of the stroke.</param>
    public static void Digit(float[] canvas, int width, int digit, double left, double top, double boxWidth, double boxHeight, double pen)
    {
        int height = canvas.Length / width;
        foreach (var stroke in s_digits[digit])
            for (int i = 1; i < stroke.Length; i++)
            {
                double ax = left + stroke[i - 1].X * boxWidth, ay = top + stroke[i - 1].Y * boxHeight, bx = left + stroke[i].X * boxWidth, by = top + stroke[i].Y * boxHeight;
                int x0 = (int)Math.Max(0, Math.Min(ax, bx) - pen), x1 = (int)Math.Min(width - 1, Math.Max(ax, bx) + pen);
                int y0 = (int)Math.Max(0, Math.Min(ay, by) - pen), y1 = (int)Math.Min(height - 1, Math.Max(ay, by) + pen);
                for (int y = y0; y <= y1; y++)
                    for (int x = x0; x <= x1; x++)
                    {
                        double dx = bx - ax, dy = by - ay, px = x + 0.5 - ax, py = y + 0.5 - ay;
                        double t = Math.Clamp((px * dx + py * dy) / Math.Max(1e-9, dx * dx + dy * dy), 0, 1);
                        double distance = Math.Sqrt((px - t * dx) * (px - t * dx) + (py - t * dy) * (py - t * dy));
                        float cover = (float)Math.Clamp(pen / 2 - distance + 0.5, 0, 1);
                        canvas[y * width + x] = Math.Max(canvas[y * width + x], cover);
                    }
            }
    }

    /// <summary>An ellipse, of which a part may be left open.</summary>
    /// <param name="canvas">[height, width]; what is covered more stays.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="centerX">Column of the centre.</param>
    /// <param name="centerY">Row of the centre.</param>
    /// <param name="radiusX">Half its width.</param>
    /// <param name="radiusY">Half its height.</param>
    /// <param name="pen">Width of the stroke.</param>
    /// <param name="open">Share of the turn that is left out, at the right.</param>
    public static void Ellipse(float[] canvas, int width, double centerX, double centerY, double radiusX, double radiusY, double pen, double open = 0)
    {
        int height = canvas.Length / width;
        for (double turn = open / 2; turn <= 1 - open / 2; turn += 0.2 / (2 * Math.PI * Math.Max(radiusX, radiusY)))
        {
            double x = centerX + radiusX * Math.Cos(2 * Math.PI * turn), y = centerY + radiusY * Math.Sin(2 * Math.PI * turn);
            for (int v = (int)Math.Max(0, y - pen); v < Math.Min(height, y + pen + 1); v++)
                for (int u = (int)Math.Max(0, x - pen); u < Math.Min(width, x + pen + 1); u++)
                {
                    double distance = Math.Sqrt((u + 0.5 - x) * (u + 0.5 - x) + (v + 0.5 - y) * (v + 0.5 - y));
                    canvas[v * width + u] = Math.Max(canvas[v * width + u], (float)Math.Clamp(pen / 2 - distance + 0.5, 0, 1));
                }
        }
    }

    /// <summary>A square picture of one digit; its box takes a share of the side.</summary>
    public static float[] Square(int digit, int side, double pen, double share = 0.75)
    {
        var canvas = new float[side * side];
        double height = side * share, width = height * 0.6;
        Digit(canvas, side, digit, (side - width) / 2, (side - height) / 2, width, height, pen);
        return canvas;
    }

    /// <summary>Ink of one brightness on ground of another; both may depend on the place.</summary>
    public static GrayImage Paint(float[] cover, int width, Func<int, int, double> ground, Func<int, int, double> ink)
    {
        var pixels = new byte[cover.Length];
        for (int i = 0; i < pixels.Length; i++)
        {
            int x = i % width, y = i / width;
            pixels[i] = (byte)Math.Clamp(ground(x, y) * (1 - cover[i]) + ink(x, y) * cover[i] + 0.5, 0, 255);
        }
        return new GrayImage(width, cover.Length / width, pixels);
    }
}
