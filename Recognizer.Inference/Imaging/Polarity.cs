namespace Recognizer.Inference.Imaging;

/// <summary>Whether the ink is lighter or darker than its ground.</summary>
public enum Polarity
{
    /// <summary>Decided from the image.</summary>
    Detect,

    /// <summary>Light ink on dark ground, as in MNIST and EMNIST.</summary>
    LightOnDark,

    /// <summary>Dark ink on light ground, as on paper.</summary>
    DarkOnLight,
}
