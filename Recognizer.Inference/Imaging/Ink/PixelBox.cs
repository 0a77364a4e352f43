namespace Recognizer.Inference.Imaging.Ink;

/// <summary>A rectangle of pixels.</summary>
internal readonly record struct PixelBox(int Left, int Top, int Width, int Height)
{
    public int Right => Left + Width;

    public int Bottom => Top + Height;

    /// <summary>Whether it lies apart from all edges of a picture.</summary>
    public bool IsWithin(int width, int height) => Left > 0 && Top > 0 && Right < width && Bottom < height;

    public PixelBox Union(PixelBox other)
    {
        int left = Math.Min(Left, other.Left), top = Math.Min(Top, other.Top);
        return new(left, top, Math.Max(Right, other.Right) - left, Math.Max(Bottom, other.Bottom) - top);
    }
}
