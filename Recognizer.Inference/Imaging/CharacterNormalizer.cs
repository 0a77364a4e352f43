using System.Buffers;
using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Inference.Imaging;

/// <summary>Turns the picture of one character, of any size, into the 28×28 input that a network was trained on.</summary>
/// <remarks>Ink and ground are told apart, uneven light is evened out, specks are dropped, and the ink is cropped, scaled with
/// its aspect kept, brought to the stroke width of the training data, and softened like it. A square picture that already has the form of
/// the layout, in any size, contrast and even light, is only scaled; one of 28×28 on black or white comes through unchanged. What surrounds the character goes step by step
/// (in brackets what does it in the source); steps that are for Latin letters and digits leave others as they are:
/// <list type="number">
/// <item><description>A picture in the layout's form is taken as it is (<c>DataForm</c>): one of 28×28 before anything else, another one if the next step finds nothing. On ground that isn't
/// pure, ink along three sides may be a box, and the picture isn't in the form.</description></item>
/// <item><description>A frame around the whole picture is cut off (<c>PictureFrame</c>), or else the bars that brought it to another shape (<c>Padding</c>).</description></item>
/// <item><description>Of Latin letters and digits: lines along one to four sides, those of the form that the picture was cut out of, are cut off (<c>SideLines</c>).</description></item>
/// <item><description>Of Latin letters and digits: what a card lies on gets the card's brightness (<c>Card</c>).</description></item>
/// <item><description>Ink is told from ground, and from shadows and their edges (<c>InkMap</c>).</description></item>
/// <item><description>Of Latin letters and digits: lines of squared paper go, also turned by some degrees (<c>RuledLines</c>).</description></item>
/// <item><description>Along straight lines: a box around the ink, ruled lines, and upright lines at the picture's sides (<c>LineRemoval</c>).</description></item>
/// <item><description>By connected components (<c>InkSelection</c>): what lies along the picture's edges; of Latin letters and digits, strokes that run all around
/// (<c>EnclosingStroke</c>) and parts of boxes; specks and a neighbour's strokes, and of Latin letters and digits a stroke under the character.</description></item>
/// <item><description>A character that is small on a large picture is looked at again in its part of the picture, from the third step on.</description></item>
/// </list>
/// <para>Slant stays: taking it out (by second moments) cost 0.8 points on 2,000 held-back EMNIST characters with a network trained without augmentation and 0.1 with one
/// trained on affine augmentation; it gains only where writing slants by more than about 30 degrees. Thick strokes aren't thinned: they cost such a network 0.5 points.</para></remarks>
public static class CharacterNormalizer
{
    /// <summary>Width and height of the result.</summary>
    public const int Size = 28;

    /// <summary>Longest side of a picture during the analysis; larger ones are averaged down first.</summary>
    private const int WorkSize = 256;

    [ThreadStatic]
    private static NormalizerWorkspace? t_workspace;

    /// <summary>Normalises a character.</summary>
    /// <param name="image">The picture, with one character on it.</param>
    /// <param name="layout">The form that the network expects.</param>
    /// <param name="polarity">Whether ink is light or dark, or that this is to be found out.</param>
    /// <param name="destination">Receives [28, 28], 0 = ground … 1 = ink.</param>
    /// <param name="isAlphanumeric">Whether it is a Latin letter or a digit, so that a box or a circle around it, or a stroke under it, is no part of it, as it may be of 国, ⓐ or ≤.</param>
    /// <returns>Whether there is ink; if not the result is all zero.</returns>
    /// <exception cref="ArgumentException">The destination is shorter than 784.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such layout or polarity.</exception>
    public static bool Normalize(GrayImage image, NormalizerLayout layout, Polarity polarity, Span<float> destination, bool isAlphanumeric = true)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Normalize(image.Pixels, image.Width, image.Height, layout, polarity, destination, isAlphanumeric);
    }

    /// <summary>Normalises a character.</summary>
    /// <param name="pixels">[height, width], 0 = black … 255 = white.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="layout">The form that the network expects.</param>
    /// <param name="polarity">Whether ink is light or dark, or that this is to be found out.</param>
    /// <param name="destination">Receives [28, 28], 0 = ground … 1 = ink.</param>
    /// <param name="isAlphanumeric">Whether it is a Latin letter or a digit, so that a box or a circle around it, or a stroke under it, is no part of it, as it may be of 国, ⓐ or ≤.</param>
    /// <returns>Whether there is ink; if not the result is all zero.</returns>
    /// <exception cref="ArgumentException">A span is too short for its shape.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A side is less than 1, or there is no such layout or polarity.</exception>
    public static bool Normalize(ReadOnlySpan<byte> pixels, int width, int height, NormalizerLayout layout, Polarity polarity, Span<float> destination, bool isAlphanumeric = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (!Enum.IsDefined(layout)) throw new ArgumentOutOfRangeException(nameof(layout), layout, "There is no such layout.");
        if (!Enum.IsDefined(polarity)) throw new ArgumentOutOfRangeException(nameof(polarity), polarity, "There is no such polarity.");
        if (pixels.Length < (long)width * height)
            throw new ArgumentException($"{width}×{height} needs {(long)width * height} pixels, not {pixels.Length}.", nameof(pixels));
        if (destination.Length < Size * Size)
            throw new ArgumentException($"The result needs {Size * Size} values, not {destination.Length}.", nameof(destination));
        pixels = pixels[..(width * height)];
        destination = destination[..(Size * Size)];
        var workspace = t_workspace ??= new NormalizerWorkspace();
        // What is in the form to the pixel stays so, whatever else its border may look like
        if (width == Size && height == Size && DataForm.TryCopy(workspace, pixels, Size, layout, polarity, destination)) return true;
        destination.Clear();
        workspace.IsAlphanumeric = isAlphanumeric;
        var region = new PixelBox(0, 0, width, height);
        if (PictureFrame.Find(pixels, width, height) is { } frame && (polarity == Polarity.Detect || polarity == frame.Polarity))
            (polarity, region) = (frame.Polarity, frame.Within);
        else if (Padding.Find(pixels, width, height) is { } within) region = within;
        return NormalizeRegion(workspace, pixels, width, region, layout, polarity, destination, Reduction.Mean, zooms: 2)
            || Math.Max(region.Width, region.Height) > WorkSize
            && (polarity != Polarity.LightOnDark && NormalizeRegion(workspace, pixels, width, region, layout, Polarity.DarkOnLight, destination, Reduction.Least, zooms: 2)
                || polarity != Polarity.DarkOnLight && NormalizeRegion(workspace, pixels, width, region, layout, Polarity.LightOnDark, destination, Reduction.Greatest, zooms: 2));
    }

    /// <summary>Draws ink that was already found, all of it part of the character.</summary>
    /// <param name="ink">[height, width], 0 = ground … 255 = ink.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="layout">The form that the network expects.</param>
    /// <param name="typical">Height in pixels of the typical character written beside it; 0 where none is known.</param>
    /// <param name="destination">Receives [28, 28].</param>
    internal static void NormalizeInk(ReadOnlySpan<byte> ink, int width, int height, NormalizerLayout layout, double typical, Span<float> destination)
    {
        var work = t_workspace ??= new NormalizerWorkspace();
        int factor = ReductionFactor(width, height);
        var whole = new PixelBox(0, 0, width, height);
        (int stride, width, height) = (width, Math.Max(1, width / factor), Math.Max(1, height / factor));
        work.Reserve(width, height);
        Span<byte> reduced = work.Ink.AsSpan(0, width * height);
        Reduce(ink, stride, whole, factor, reduced, width, height);
        destination.Clear();
        if (!MaskInk(work, width, height, out var box) && factor > 1)
        {
            // A hairline is faint in the mean of large squares
            ReduceToExtremum(ink, stride, whole, factor, reduced, width, height, maximum: true);
            MaskInk(work, width, height, out box);
        }
        if (box.Width > 0) InkRenderer.Render(work, width, height, box, layout, destination, typical > 0 ? (float)(Math.Max(box.Width, box.Height) * factor / typical) : 1);
    }

    /// <summary>Marks the pixels of the map of ink that count as ink.</summary>
    /// <param name="work">Its map is read, and its mask written.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="box">Around those that count; empty where none does.</param>
    /// <returns>Whether they hold most of the ink.</returns>
    private static bool MaskInk(NormalizerWorkspace work, int width, int height, out PixelBox box)
    {
        int left = width, right = -1, top = height, bottom = -1;
        long all = 0, counted = 0;
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                int p = y * width + x;
                byte value = work.Ink[p];
                all += value;
                work.Mask[p] = value >= InkLevel ? (byte)1 : (byte)0;
                if (value < InkLevel) continue;
                counted += value;
                left = Math.Min(left, x);
                right = Math.Max(right, x);
                top = Math.Min(top, y);
                bottom = y;
            }
        box = right < 0 ? default : new PixelBox(left, top, right - left + 1, bottom - top + 1);
        return 2 * counted >= all;
    }

    /// <summary>Least value that counts as ink in a map of ink.</summary>
    internal const byte InkLevel = 100;

    /// <summary>Pixels on either side of a square of which one is made, so that a picture comes to the work size.</summary>
    private static int ReductionFactor(int width, int height) => (Math.Max(width, height) + WorkSize - 1) / WorkSize;

    /// <summary>What becomes of squares of pixels when a picture is made smaller. The mean tells ink from noise; strokes that are thin beside the squares stand out only in
    /// the darkest or lightest pixel of each.</summary>
    private enum Reduction
    {
        Mean,
        Least,
        Greatest,
    }

    private static bool NormalizeRegion(NormalizerWorkspace work, ReadOnlySpan<byte> pixels, int stride, PixelBox region,
        NormalizerLayout layout, Polarity polarity, Span<float> destination, Reduction reduction, int zooms, double? squares = null)
    {
        int factor = ReductionFactor(region.Width, region.Height);
        int width = Math.Max(1, region.Width / factor), height = Math.Max(1, region.Height / factor);
        work.Reserve(width, height);
        Span<byte> gray = work.Gray.AsSpan(0, width * height);
        if (reduction == Reduction.Mean) Reduce(pixels, stride, region, factor, gray, width, height);
        else ReduceToExtremum(pixels, stride, region, factor, gray, width, height, reduction == Reduction.Greatest);
        bool isWholeSquare = region.Width == stride && region.Height == stride && stride * stride == pixels.Length;
        if (isWholeSquare && width != Size && reduction == Reduction.Mean && DataForm.TryCopy(work, gray, width, layout, polarity, destination)) return true;
        if (work.IsAlphanumeric && SideLines.Find(work, width, height, ref polarity) is { } rest)
        {
            var part = new PixelBox(region.Left + rest.Left * factor, region.Top + rest.Top * factor, rest.Width * factor, rest.Height * factor);
            return NormalizeRegion(work, pixels, stride, part, layout, polarity, destination, reduction, zooms);
        }
        if (work.IsAlphanumeric && reduction == Reduction.Mean) Card.TakeOut(work, width, height, isPage: false, ref polarity);
        InkMap.Smooth(work, width, height);
        // Few pixels of a reduced picture are many of the picture itself
        int leastInk = Math.Max(4, InkMap.LeastInk / factor / factor);
        if (!InkMap.Find(work, width, height, Math.Max(2, Math.Max(width, height) / 5), leastInk, ref polarity)) return false;
        squares = work.IsAlphanumeric ? RuledLines.RemoveSquares(work.Ink.AsSpan(0, width * height), width, height, squares) : null;
        if (squares is not null) MaskInk(work, width, height, out _);
        LineRemoval.Remove(work, width, height);
        if (!InkSelection.Select(work, width, height, out var box)) return false;

        // A small character on a large picture: look again at its part of the picture, with all the detail there is
        int longest = Math.Max(box.Width, box.Height);
        if (factor > 1 && longest < WorkSize / 3 && zooms > 0)
        {
            int margin = Math.Max(4, longest * 2 / 5) * factor;
            int left = Math.Max(0, box.Left * factor - margin), top = Math.Max(0, box.Top * factor - margin);
            int right = Math.Min(region.Width, (box.Left + box.Width) * factor + margin), bottom = Math.Min(region.Height, (box.Top + box.Height) * factor + margin);
            var part = new PixelBox(region.Left + left, region.Top + top, right - left, bottom - top);
            if (NormalizeRegion(work, pixels, stride, part, layout, polarity, destination, Reduction.Mean, zooms - 1, squares)) return true;
            // The closer look found nothing; redo the wide one, whose buffers were overwritten
            return NormalizeRegion(work, pixels, stride, region, layout, polarity, destination, reduction, 0);
        }
        InkRenderer.Render(work, width, height, box, layout, destination);
        return true;
    }

    /// <summary>Averages squares of <paramref name="factor"/> pixels, at most as many as fit; what doesn't fill a square at the right and bottom is left out.</summary>
    internal static void Reduce(ReadOnlySpan<byte> pixels, int stride, PixelBox region, int factor, Span<byte> gray, int width, int height)
    {
        if (factor == 1)
        {
            for (int y = 0; y < height; y++) pixels.Slice((region.Top + y) * stride + region.Left, width).CopyTo(gray[(y * width)..]);
            return;
        }
        const int MostRows = ushort.MaxValue / byte.MaxValue;
        int blockWidth = Math.Min(factor, region.Width), blockHeight = Math.Min(factor, region.Height);
        uint area = (uint)(blockWidth * blockHeight);
        ushort[] rentedColumns = ArrayPool<ushort>.Shared.Rent(width * blockWidth);
        uint[] rentedSums = ArrayPool<uint>.Shared.Rent(width);
        Span<ushort> columns = rentedColumns.AsSpan(0, width * blockWidth);
        Span<uint> sums = rentedSums.AsSpan(0, width);
        for (int y = 0; y < height; y++)
        {
            sums.Fill(area / 2);
            int row = region.Top + y * blockHeight, end = row + blockHeight;
            while (row < end)
            {
                columns.Clear();
                for (int last = Math.Min(end, row + MostRows); row < last; row++) Rows.Add(pixels.Slice(row * stride + region.Left, columns.Length), columns);
                for (int x = 0, p = 0; x < width; x++)
                {
                    uint sum = 0;
                    for (int last = p + blockWidth; p < last; p++) sum += columns[p];
                    sums[x] += sum;
                }
            }
            for (int x = 0; x < width; x++) gray[y * width + x] = (byte)(sums[x] / area);
        }
        ArrayPool<ushort>.Shared.Return(rentedColumns);
        ArrayPool<uint>.Shared.Return(rentedSums);
    }

    /// <summary>The least or greatest pixel of squares of <paramref name="factor"/> pixels, at most as many as fit.</summary>
    private static void ReduceToExtremum(ReadOnlySpan<byte> pixels, int stride, PixelBox region, int factor, Span<byte> gray, int width, int height, bool maximum)
    {
        int blockWidth = Math.Min(factor, region.Width), blockHeight = Math.Min(factor, region.Height);
        byte[] rented = ArrayPool<byte>.Shared.Rent(width * blockWidth);
        Span<byte> row = rented.AsSpan(0, width * blockWidth);
        for (int y = 0; y < height; y++)
        {
            for (int dy = 0; dy < blockHeight; dy++)
            {
                ReadOnlySpan<byte> from = pixels.Slice((region.Top + y * blockHeight + dy) * stride + region.Left, row.Length);
                if (dy == 0) from.CopyTo(row);
                else WindowExtremum.Combine(row, from, maximum);
            }
            for (int x = 0; x < width; x++)
            {
                byte value = row[x * blockWidth];
                foreach (byte other in row.Slice(x * blockWidth, blockWidth)) value = maximum ? Math.Max(value, other) : Math.Min(value, other);
                gray[y * width + x] = value;
            }
        }
        ArrayPool<byte>.Shared.Return(rented);
    }
}
