using Recognizer.Inference.Imaging;

namespace Recognizer.Tests.Imaging.Pages;

/// <summary>Pictures of pages of drawn digits.</summary>
internal static class DrawnPage
{
    /// <summary>What is printed around each digit of the first line.</summary>
    public enum Boxes
    {
        None,
        Comb,
        Apart,
    }

    /// <summary>Lines of digits and marks, 40 pixels high.</summary>
    public static GrayImage Paint(string[] lines, double gap = 14, double skew = 0, bool ruled = false, bool shadow = false, bool inverted = false, Boxes boxes = Boxes.None)
    {
        int width = 80 + lines.Max(l => l.Length) * (int)(24 + gap + 2), height = 80 + lines.Length * 80;
        var cover = new float[width * height];
        for (int l = 0; l < lines.Length; l++)
        {
            double x = 40;
            foreach (char c in lines[l])
            {
                if (c != ' ') Drawing.Digit(cover, width, c switch { '/' => Drawing.Slash, ',' => Drawing.Comma, '+' => Drawing.Plus, '?' => Drawing.QuestionMark, '×' => Drawing.Times, '÷' => Drawing.Over, '€' => Drawing.Euro, '$' => Drawing.Dollar, _ => c - '0' }, x, 50 + 80 * l, 24, 40, 4.5);
                x += c == ' ' ? 40 : 24 + gap;
            }
        }
        double sine = Math.Sin(skew * Math.PI / 180), cosine = Math.Cos(skew * Math.PI / 180);
        int turnedWidth = (int)(width * cosine + height * Math.Abs(sine)), turnedHeight = (int)(height * cosine + width * Math.Abs(sine));
        (double X, double Y) Level(double x, double y)
        {
            double dx = x + 0.5 - turnedWidth / 2.0, dy = y + 0.5 - turnedHeight / 2.0;
            return (dx * cosine - dy * sine + width / 2.0 - 0.5, dx * sine + dy * cosine + height / 2.0 - 0.5);
        }
        var turned = new float[turnedWidth * turnedHeight];
        for (int i = 0; i < turned.Length; i++)
        {
            var (u, v) = Level(i % turnedWidth, i / turnedWidth);
            int x = (int)Math.Floor(u), y = (int)Math.Floor(v);
            if (x < 0 || y < 0 || x + 1 >= width || y + 1 >= height) continue;
            float fx = (float)(u - x), fy = (float)(v - y);
            int p = y * width + x;
            turned[i] = (cover[p] * (1 - fx) + cover[p + 1] * fx) * (1 - fy) + (cover[p + width] * (1 - fx) + cover[p + width + 1] * fx) * fy;
        }
        double Ground(int x, int y)
        {
            double light = shadow && x + 2 * y > 0.7 * width ? 130 : 230;
            var (u, v) = Level(x, y);
            double inBox = (u - 40 + gap / 2) % (24 + gap);
            bool between = u >= 40 - gap / 2 && u < 42 - gap / 2 + lines[0].Length * (24 + gap) && v is >= 42 and < 98;
            bool box = boxes != Boxes.None && between && (boxes == Boxes.Comb ? inBox < 2 || v < 44 || v >= 96
                : u < 40 - gap / 2 + lines[0].Length * (24 + gap) && (inBox is >= 2.5 and < 4.5 || inBox >= 24 + gap - 2 || (inBox >= 2.5 && (v < 44 || v >= 96))));
            bool line = box || ruled && (int)(v + 782) % 80 is >= 0 and < 2;
            return inverted ? 20 : line ? light * 0.6 : light;
        }
        return Drawing.Paint(turned, turnedWidth, Ground, (x, y) => inverted ? 220 : 0.25 * Ground(x, y));
    }
}
