namespace Recognizer.Inference.Imaging.Pages;

/// <summary>A rectangle in pixels of the picture that was read.</summary>
/// <param name="Left">First column.</param>
/// <param name="Top">First row.</param>
/// <param name="Width">Columns.</param>
/// <param name="Height">Rows.</param>
public readonly record struct BoundingBox(int Left, int Top, int Width, int Height)
{
    /// <summary>The same box in a picture of which a part was read.</summary>
    /// <param name="left">First column of the part.</param>
    /// <param name="top">First row of the part.</param>
    public BoundingBox Offset(int left, int top) => this with { Left = Left + left, Top = Top + top };

    /// <summary>The least box with all of them in it; an empty one where there are none.</summary>
    internal static BoundingBox Around(IEnumerable<BoundingBox> boxes)
    {
        int left = int.MaxValue, top = int.MaxValue, right = int.MinValue, bottom = int.MinValue;
        foreach (var box in boxes)
        {
            left = Math.Min(left, box.Left);
            top = Math.Min(top, box.Top);
            right = Math.Max(right, box.Left + box.Width);
            bottom = Math.Max(bottom, box.Top + box.Height);
        }
        return right < left ? default : new(left, top, right - left, bottom - top);
    }
}
