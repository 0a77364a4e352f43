namespace Recognizer.Inference.Imaging.Ink;

/// <summary>What a picture would show without ink.</summary>
internal interface IGround
{
    /// <summary>Fills a row with the ground's brightness.</summary>
    void Row(int y, Span<float> row);
}
