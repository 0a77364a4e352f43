using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Inference.Imaging.Pages;

/// <summary>What tells signs from one another whose boxes are alike.</summary>
/// <param name="Parts">Parts that don't touch.</param>
/// <param name="Corners">Share of the ink in the four corners of the box, of that in them and between them along its sides, 0…1: little of a +, most of a ×.</param>
internal readonly record struct SignShape(int Parts, double Corners)
{
    /// <summary>Pixels of a part at least.</summary>
    private const int LeastPart = 3;

    /// <param name="ink">[height, width], 0 = ground … 255 = ink.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    public static SignShape Of(byte[] ink, int width, int height)
    {
        int corners = 0, sides = 0;
        var mask = new byte[ink.Length];
        for (int y = 0; y < height; y++)
        {
            bool isOuter = 3 * y < height || 3 * y >= 2 * height;
            for (int x = 0; x < width; x++)
            {
                if (ink[y * width + x] < CharacterNormalizer.InkLevel) continue;
                mask[y * width + x] = 1;
                bool isSide = 3 * x < width || 3 * x >= 2 * width;
                if (isOuter && isSide) corners++;
                else if (isOuter || isSide) sides++;
            }
        }
        var parts = new List<InkComponent>();
        InkComponents.Find(mask, width, height, new int[ink.Length], parts);
        return new SignShape(parts.Count(part => part.Area >= LeastPart), (double)corners / Math.Max(1, corners + sides));
    }

    /// <summary>How like a sign it is, 0…1; 1 for what it tells nothing of.</summary>
    public double Likeness(string sign) => sign switch
    {
        "÷" => Parts == 3 ? 1 : 0,
        "+" => Parts == 3 ? 0 : 1 - Corners,
        "×" => Parts == 3 ? 0 : Corners,
        _ => 1,
    };
}
