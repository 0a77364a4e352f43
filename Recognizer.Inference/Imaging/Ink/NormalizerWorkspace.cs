namespace Recognizer.Inference.Imaging.Ink;

/// <summary>Buffers of one thread for <see cref="CharacterNormalizer"/>; they grow to the work size and stay.</summary>
internal sealed class NormalizerWorkspace
{
    /// <summary>Side of the canvas on which strokes are drawn before they are sampled: 4 canvas pixels are one of the result.</summary>
    public const int CanvasSize = CharacterNormalizer.Size * 4;

    /// <summary>Whether the character is a Latin letter or a digit, which no ink around or under it belongs to.</summary>
    public bool IsAlphanumeric;

    /// <summary>The picture at work size; [height, width].</summary>
    public byte[] Gray = [];

    /// <summary>How much of ink a pixel is, 0…255; [height, width].</summary>
    public byte[] Ink = [];

    /// <summary>Non-zero where there is ink; [height, width].</summary>
    public byte[] Mask = [];

    public byte[] Temporary = [];

    public byte[] Ground = [];

    /// <summary>Number of the component of each ink pixel, 0 for ground; [height, width].</summary>
    public int[] Labels = [];

    public float[] Row = new float[512];

    /// <summary>[x, y]: turned, as the last of the steps that draw go down the columns.</summary>
    public byte[] Canvas = new byte[CanvasSize * CanvasSize];

    public byte[] CanvasTemporary = new byte[CanvasSize * CanvasSize];

    /// <summary>The picture with its columns resampled; [rows of the result, width].</summary>
    public float[] Columns = [];

    /// <summary><see cref="Columns"/> the other way round; [width, rows of the result].</summary>
    public float[] Turned = [];

    public float[] InkRow = [];

    public float[] Weights = new float[CanvasSize * ResampleFilter.MaxTaps];

    public GroundProfile Profile { get; } = new();

    public List<InkComponent> Components { get; } = [];

    public List<int> Parents { get; } = [];

    /// <summary>Makes room for rows of the picture: one in <see cref="InkRow"/>, so many in <see cref="Columns"/> and <see cref="Turned"/>.</summary>
    public void ReserveRows(int width, int rows)
    {
        if (InkRow.Length < width) InkRow = new float[width];
        if (Columns.Length < width * rows) (Columns, Turned) = (new float[width * rows], new float[width * rows]);
    }

    public void Reserve(int width, int height)
    {
        if (Row.Length < width) Row = new float[width];
        int pixels = width * height;
        if (Gray.Length >= pixels) return;
        int length = Math.Max(1024, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)pixels));
        Gray = new byte[length];
        Ink = new byte[length];
        Mask = new byte[length];
        Temporary = new byte[length];
        Ground = new byte[length];
        Labels = new int[length];
    }
}
