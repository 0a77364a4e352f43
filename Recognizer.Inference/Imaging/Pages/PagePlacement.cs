using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Inference.Imaging.Pages;

/// <summary>Where the pixels of a page are in its picture. The picture is turned upright, a part of it is averaged down, and that is deskewed and enlarged.</summary>
/// <param name="orientation">How the page lies in the picture.</param>
/// <param name="width">Pixels in a row of the picture.</param>
/// <param name="height">Rows of the picture.</param>
internal sealed class PagePlacement(PageOrientation orientation, int width, int height)
{
    // Of the upright picture: all of it, what a thick frame surrounds, or a sheet
    private PixelBox _part;

    // Of the page before and after it was deskewed and enlarged
    private (int Width, int Height) _before, _after;
    private double _sine, _cosine = 1; // 0 and 1: not turned

    /// <summary>Pixels of the picture on either side of the square that became one of the page.</summary>
    public int Factor { get; private set; } = 1;

    /// <summary>Degrees by which the writing rose to the right before it was deskewed.</summary>
    public double Skew { get; private set; }

    /// <summary>By how much the page was enlarged.</summary>
    public double Scale { get; private set; } = 1;

    /// <summary>The number by which EXIF calls the turn that makes the picture upright.</summary>
    public int Upright => orientation switch
    {
        PageOrientation.Clockwise => 8,
        PageOrientation.UpsideDown => 3,
        PageOrientation.CounterClockwise => 6,
        _ => 1,
    };

    /// <summary>The page is a part of the upright picture, averaged down.</summary>
    public void Reduce(PixelBox part, int factor) => (_part, Factor) = (part, factor);

    /// <summary>Of the page, which isn't deskewed yet, a part is kept.</summary>
    public void Crop(PixelBox kept) =>
        _part = new PixelBox(_part.Left + kept.Left * Factor, _part.Top + kept.Top * Factor, kept.Width * Factor, kept.Height * Factor);

    /// <summary>The page is turned about its centre so that what rose by the angle becomes level, and enlarged.</summary>
    /// <param name="degrees">The angle.</param>
    /// <param name="scale">By how much it is enlarged.</param>
    /// <param name="pageWidth">Pixels in a row of the page as it is.</param>
    /// <param name="pageHeight">Rows of the page as it is.</param>
    /// <returns>Pixels in a row, and rows, that hold all of it then.</returns>
    public (int Width, int Height) Deskew(double degrees, double scale, int pageWidth, int pageHeight)
    {
        double radians = degrees * Math.PI / 180;
        (Skew, Scale) = (degrees, scale);
        (_sine, _cosine) = (Math.Sin(radians), Math.Cos(radians));
        _before = (pageWidth, pageHeight);
        return _after = ((int)Math.Ceiling(scale * (pageWidth * _cosine + pageHeight * Math.Abs(_sine))), (int)Math.Ceiling(scale * (pageHeight * _cosine + pageWidth * Math.Abs(_sine))));
    }

    /// <summary>Where a point of the page was before it was deskewed and enlarged. Rows grow downwards: what rises to the right has a falling row.</summary>
    public (double X, double Y) BeforeDeskewing(double x, double y)
    {
        if (_sine == 0 && Scale == 1) return (x, y);
        double dx = (x - _after.Width / 2.0) / Scale, dy = (y - _after.Height / 2.0) / Scale;
        return (dx * _cosine + dy * _sine + _before.Width / 2.0, -dx * _sine + dy * _cosine + _before.Height / 2.0);
    }

    /// <summary>The box in the picture around a box of the page.</summary>
    public BoundingBox ToOriginal(PixelBox box)
    {
        double left = double.MaxValue, top = double.MaxValue, right = double.MinValue, bottom = double.MinValue;
        Span<(int X, int Y)> corners = [(box.Left, box.Top), (box.Right, box.Top), (box.Left, box.Bottom), (box.Right, box.Bottom)];
        foreach (var corner in corners)
        {
            var (x, y) = BeforeDeskewing(corner.X, corner.Y);
            left = Math.Min(left, x * Factor);
            right = Math.Max(right, x * Factor);
            top = Math.Min(top, y * Factor);
            bottom = Math.Max(bottom, y * Factor);
        }
        int l = Math.Clamp((int)Math.Floor(left), 0, _part.Width - 1), t = Math.Clamp((int)Math.Floor(top), 0, _part.Height - 1);
        return AsItLies(new(_part.Left + l, _part.Top + t, Math.Clamp((int)Math.Ceiling(right), l + 1, _part.Width) - l, Math.Clamp((int)Math.Ceiling(bottom), t + 1, _part.Height) - t));
    }

    /// <summary>A box of the upright picture in the picture as it lies.</summary>
    private BoundingBox AsItLies(BoundingBox box) => orientation switch
    {
        PageOrientation.Clockwise => new(width - box.Top - box.Height, box.Left, box.Height, box.Width),
        PageOrientation.UpsideDown => new(width - box.Left - box.Width, height - box.Top - box.Height, box.Width, box.Height),
        PageOrientation.CounterClockwise => new(box.Top, height - box.Left - box.Width, box.Height, box.Width),
        _ => box,
    };
}
