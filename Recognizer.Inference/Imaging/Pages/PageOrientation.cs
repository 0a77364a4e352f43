namespace Recognizer.Inference.Imaging.Pages;

/// <summary>How a page lies in its picture.</summary>
public enum PageOrientation
{
    /// <summary>As it is read.</summary>
    Upright,

    /// <summary>On its right side: turned clockwise by 90°, its top to the right.</summary>
    Clockwise,

    /// <summary>On its head.</summary>
    UpsideDown,

    /// <summary>On its left side: turned counter-clockwise by 90°, its top to the left.</summary>
    CounterClockwise,

    /// <summary>Unknown: it is read in all four ways, and the one kept in which characters explain its ink best.</summary>
    Detect,
}
