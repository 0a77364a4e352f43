using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Inference.Imaging.Pages;

/// <summary>A part of a line that isn't divided any further: a component, several that belong together, or a part of one.</summary>
/// <param name="Box">Where on the page.</param>
/// <param name="Ink">[Box.Height, Box.Width], its own ink only.</param>
/// <param name="Group">Pieces of one group are connected.</param>
/// <param name="CutCost">What it costs to divide between this piece and the next of its group.</param>
internal sealed record InkPiece(PixelBox Box, byte[] Ink, int Group, double CutCost)
{
    /// <summary>Ink of several pieces on one canvas.</summary>
    public static (byte[] Ink, PixelBox Box) Combine(ReadOnlySpan<InkPiece> pieces)
    {
        var box = pieces[0].Box;
        foreach (var piece in pieces[1..]) box = box.Union(piece.Box);
        if (pieces.Length == 1) return (pieces[0].Ink, box);
        var ink = new byte[box.Width * box.Height];
        foreach (var piece in pieces)
            for (int y = 0; y < piece.Box.Height; y++)
            {
                var from = piece.Ink.AsSpan(y * piece.Box.Width, piece.Box.Width);
                var to = ink.AsSpan((y + piece.Box.Top - box.Top) * box.Width + piece.Box.Left - box.Left, piece.Box.Width);
                for (int x = 0; x < from.Length; x++) to[x] = Math.Max(to[x], from[x]);
            }
        return (ink, box);
    }
}
