namespace Recognizer.Inference.Onnx;

/// <summary>Sizes that Resize gives, in single precision as ONNX has it: 10 · 0.7 is 7, though the 0.7 of a file is a little less.</summary>
internal static class Resizing
{
    /// <summary>What becomes of an axis by its scale.</summary>
    /// <param name="size">Size of the axis.</param>
    /// <param name="scale">New size per old one.</param>
    /// <param name="share">How much of the axis is resized; less than 1 where some of it is cut off.</param>
    public static float Scaled(int size, float scale, float share = 1) => MathF.Floor(size * share * scale);

    /// <summary>What becomes of an axis that keeps its proportion to others.</summary>
    public static float Proportional(int size, float scale) => MathF.Floor(size * scale + 0.5f);
}
