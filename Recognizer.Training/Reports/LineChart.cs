using System.Globalization;
using System.Net;
using System.Text;

namespace Recognizer.Training.Reports;

/// <summary>Draws curves over epochs as an SVG picture.</summary>
internal static class LineChart
{
    private const double Width = 520, Height = 260, Left = 54, Right = 12, Top = 12, Bottom = 34;

    /// <summary>One curve.</summary>
    /// <param name="Name">Name in the legend.</param>
    /// <param name="CssClass">Class that gives the colour.</param>
    /// <param name="Points">Epoch and value.</param>
    internal sealed record Series(string Name, string CssClass, IReadOnlyList<(int X, double Y)> Points);

    /// <summary>The picture, or an empty string where there is nothing to draw.</summary>
    /// <param name="title">Text that describes the picture to readers who can't see it.</param>
    /// <param name="percent">Whether values are shares, labelled in percent.</param>
    /// <param name="series">The curves.</param>
    public static string Draw(string title, bool percent, params IReadOnlyList<Series> series)
    {
        var points = series.SelectMany(s => s.Points).Where(p => double.IsFinite(p.Y)).ToList();
        if (points.Count == 0) return "";
        double low = points.Min(p => p.Y), high = points.Max(p => p.Y);
        double step = NiceStep((high - low) / 5, Math.Max(Math.Abs(high), 1e-9));
        low = Math.Floor(low / step) * step;
        high = Math.Max(Math.Ceiling(high / step) * step, low + step);
        int first = points.Min(p => p.X), last = Math.Max(points.Max(p => p.X), first + 1);

        double X(double x) => Left + (x - first) / (last - first) * (Width - Left - Right);
        double Y(double y) => Top + (high - y) / (high - low) * (Height - Top - Bottom);

        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" class=\"chart\"><title>{WebUtility.HtmlEncode(title)}</title>");
        // as many decimals as tell one line from the next
        int scale = percent ? 100 : 1, decimals = Math.Max(0, (int)Math.Ceiling(-Math.Log10(scale * step) - 1e-9));
        for (double tick = low; tick <= high + step / 2; tick += step)
        {
            string text = (scale * tick).ToString($"F{decimals}", CultureInfo.InvariantCulture) + (percent ? " %" : "");
            svg.Append(CultureInfo.InvariantCulture, $"<line x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(tick):0.#}\" y2=\"{Y(tick):0.#}\" class=\"grid\"/><text x=\"{Left - 6}\" y=\"{Y(tick) + 4:0.#}\" text-anchor=\"end\">{text}</text>");
        }
        int every = Math.Max(1, (int)NiceStep((last - first) / 10.0, 1));
        for (int epoch = first; epoch <= last; epoch++)
        {
            if ((epoch - first) % every == 0) svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(epoch):0.#}\" y=\"{Height - Bottom + 16}\" text-anchor=\"middle\">{epoch}</text>");
        }
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 4}\" text-anchor=\"middle\">epoch</text>");
        foreach (Series curve in series)
        {
            var finite = curve.Points.Where(p => double.IsFinite(p.Y)).ToList();
            if (finite.Count == 0) continue;
            string path = string.Join(' ', finite.Select(p => string.Create(CultureInfo.InvariantCulture, $"{X(p.X):0.#},{Y(p.Y):0.#}")));
            svg.Append(CultureInfo.InvariantCulture, $"<polyline points=\"{path}\" class=\"curve {curve.CssClass}\"/>");
            foreach ((int x, double y) in finite)
            {
                string value = percent ? (100 * y).ToString("0.00", CultureInfo.InvariantCulture) + " %" : y.ToString("0.####", CultureInfo.InvariantCulture);
                svg.Append(CultureInfo.InvariantCulture, $"<circle cx=\"{X(x):0.#}\" cy=\"{Y(y):0.#}\" r=\"3\" class=\"dot {curve.CssClass}\"><title>{WebUtility.HtmlEncode(curve.Name)}, epoch {x}: {value}</title></circle>");
            }
        }
        svg.Append("</svg><p class=\"legend\">");
        foreach (Series curve in series.Where(s => s.Points.Count > 0))
            svg.Append(CultureInfo.InvariantCulture, $"<span class=\"key {curve.CssClass}\"></span>{WebUtility.HtmlEncode(curve.Name)} ");
        return svg.Append("</p>").ToString();
    }

    // The next larger of 1, 2 and 5 times a power of ten.
    private static double NiceStep(double rough, double scale)
    {
        if (!(rough > 1e-6 * scale)) rough = 1e-3 * scale;
        double power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double mantissa = rough / power;
        return power * (mantissa <= 1 ? 1 : mantissa <= 2 ? 2 : mantissa <= 5 ? 5 : 10);
    }
}
