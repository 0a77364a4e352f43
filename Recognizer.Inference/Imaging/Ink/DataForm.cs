namespace Recognizer.Inference.Imaging.Ink;

/// <summary>Recognises pictures that are what a layout's own data set would hold, in whatever size and contrast and in light that changes evenly across them: they are
/// brought to 28×28 as they are. Drawing them anew would lose how soft their strokes are, which tells a data set's classes apart where shape doesn't (O from 0, I from l).</summary>
internal static class DataForm
{
    private const int Size = CharacterNormalizer.Size;

    /// <summary>Smaller pictures hold too little of a character's softness.</summary>
    private const int LeastSide = 8;

    /// <summary>Least difference between ground and ink in levels; on a pure ground, whose ink isn't stretched, least value of the strongest ink.</summary>
    private const float LeastContrast = 24, LeastInk = 160f / 255;

    /// <summary>Ground that is darker than this dims ink no further.</summary>
    private const float LeastBrightness = 24;

    /// <summary>Most that the border may differ from the ground, as a part of the ink's contrast: JPEG at quality 20 does so by 0.09 in the middle and by 0.13 in one picture of ten.</summary>
    private const float MostUnevenness = 0.15f;

    /// <summary>What differs less from the ground is ground.</summary>
    private const float GroundLevel = 0.06f;

    /// <summary>Where ink begins and ends on a ground that isn't pure, or in a picture that was resampled.</summary>
    private const float ExtentLevel = 0.3f;

    /// <summary>Most ink away from strokes, as a part of all ink.</summary>
    private const float MostAway = 0.02f;

    /// <summary>Least standard deviation, in pixels of the result, of the Gaussian along which edges of a resampled picture rise; pens and bitmaps have 0.34, the data sets 0.5 and more.</summary>
    private const float LeastSoftness = 0.45f;

    /// <summary>A frame's sides are farther apart; those of a single stroke aren't.</summary>
    private const int LeastFrame = 12;

    /// <summary>Least width of strokes at half intensity.</summary>
    private const float LeastStroke = 1.5f;

    /// <summary>Copies a picture that is in the form, scaled to 28×28.</summary>
    /// <param name="work">Buffers.</param>
    /// <param name="pixels">[side, side], 0 = black … 255 = white.</param>
    /// <param name="side">Width and height of the picture.</param>
    /// <param name="layout">Which data set's form.</param>
    /// <param name="polarity">Whether ink is light or dark, or that this is to be found out.</param>
    /// <param name="destination">Receives [28, 28], 0 = ground … 1 = ink, if the picture is in the form; else it is left as it is.</param>
    /// <returns>Whether the picture is in the form.</returns>
    public static bool TryCopy(NormalizerWorkspace work, ReadOnlySpan<byte> pixels, int side, NormalizerLayout layout, Polarity polarity, Span<float> destination)
    {
        if (side < LeastSide) return false;
        pixels = pixels[..(side * side)];
        Span<float> form = stackalloc float[Size * Size];
        if (side == Size) Rows.Widen(pixels, form);
        else SquareResampler.Resample(work, pixels, side, form);

        bool isExact = side == Size && HasPureGround(pixels);
        if (!(isExact ? TryTakeInk(form, polarity) : TryTakeInkFromGround(form, polarity))) return false;
        if (!IsPlaced(form, isExact, layout) || !isExact && !(IsPenned(form, side) && IsAlone(form))) return false;
        form.CopyTo(destination);
        return true;
    }

    /// <summary>Whether an image is in the form to the pixel.</summary>
    /// <param name="image">[28, 28], 0 = ground … 255 = ink.</param>
    /// <param name="layout">Which data set's form.</param>
    public static bool IsExact(ReadOnlySpan<byte> image, NormalizerLayout layout)
    {
        Span<float> form = stackalloc float[Size * Size];
        Rows.Widen(image, form);
        return HasPureGround(image) && TryTakeInk(form, Polarity.LightOnDark) && IsPlaced(form, isExact: true, layout);
    }

    /// <summary>Whether the whole border is black, or all of it white.</summary>
    private static bool HasPureGround(ReadOnlySpan<byte> pixels)
    {
        byte ground = pixels[0];
        if (ground is not (0 or 255)) return false;
        for (int i = 0; i < Size; i++)
            if (pixels[i] != ground || pixels[(Size - 1) * Size + i] != ground || pixels[i * Size] != ground || pixels[i * Size + Size - 1] != ground) return false;
        return true;
    }

    private static bool IsWanted(float contrast, Polarity polarity) =>
        Math.Abs(contrast) >= LeastContrast && (polarity == Polarity.Detect || polarity == (contrast > 0 ? Polarity.LightOnDark : Polarity.DarkOnLight));

    /// <summary>Makes 0…255 on black or white ink of 0…1, every value as it is.</summary>
    private static bool TryTakeInk(Span<float> form, Polarity polarity)
    {
        float ground = form[0], most = 0;
        foreach (ref float value in form)
        {
            value = Math.Abs(value - ground);
            most = Math.Max(most, value);
            value *= 1f / 255;
        }
        return IsWanted(ground == 0 ? most : -most, polarity);
    }

    /// <summary>Makes what differs from the ground ink, whose darkest or lightest pixel becomes 1. Ground is the plane that fits the border best, if the border lies close to it.</summary>
    private static bool TryTakeInkFromGround(Span<float> form, Polarity polarity)
    {
        const float Middle = (Size - 1) / 2f;
        float mean = 0, slopeX = 0, slopeY = 0, squares = 0;
        int count = 0;
        for (int y = 0; y < Size; y++)
            for (int x = 0; x < Size; x += IsBorder(y) ? 1 : Size - 1)
            {
                float value = form[y * Size + x];
                mean += value;
                slopeX += (x - Middle) * value;
                slopeY += (y - Middle) * value;
                squares += (x - Middle) * (x - Middle); // the same along y
                count++;
            }
        mean /= count;
        slopeX /= squares;
        slopeY /= squares;
        float lightest = 0, darkest = 0, unevenness = 0;
        for (int y = 0; y < Size; y++)
            for (int x = 0; x < Size; x++)
            {
                float ground = mean + (x - Middle) * slopeX + (y - Middle) * slopeY, difference = form[y * Size + x] - ground;
                // Dark ink takes away a part of the light there is
                if (difference < 0) difference *= mean / Math.Max(LeastBrightness, ground);
                form[y * Size + x] = difference;
                lightest = Math.Max(lightest, difference);
                darkest = Math.Min(darkest, difference);
                if (IsBorder(x) || IsBorder(y)) unevenness = Math.Max(unevenness, Math.Abs(difference));
            }
        float contrast = lightest > -darkest ? lightest : darkest;
        if (!IsWanted(contrast, polarity) || unevenness > MostUnevenness * Math.Abs(contrast)) return false;
        foreach (ref float value in form)
        {
            value /= contrast;
            if (value <= GroundLevel) value = 0;
        }
        return true;

        static bool IsBorder(int coordinate) => coordinate is 0 or Size - 1;
    }

    /// <summary>Whether the ink has the extent of the data set's and is where that has it: in the middle, or with its centre of mass there.</summary>
    private static bool IsPlaced(ReadOnlySpan<float> form, bool isExact, NormalizerLayout layout)
    {
        int top = Size, bottom = -1, left = Size, right = -1;
        float mass = 0, massX = 0, massY = 0, most = 0, level = isExact ? 0.5f / 255 : ExtentLevel;
        for (int y = 0; y < Size; y++)
            for (int x = 0; x < Size; x++)
            {
                float ink = form[y * Size + x];
                mass += ink;
                massX += ink * x;
                massY += ink * y;
                most = Math.Max(most, ink);
                if (ink < level) continue;
                (top, bottom) = (Math.Min(top, y), y);
                (left, right) = (Math.Min(left, x), Math.Max(right, x));
            }
        if (isExact ? most < LeastInk : IsFramed(form, left, top, right, bottom)) return false;
        int longest = Math.Max(right - left, bottom - top) + 1;
        if (layout == NormalizerLayout.Mnist)
            return (isExact ? longest is 19 or 20 : longest is >= 18 and <= 22) && Math.Abs(massX / mass - 14) <= 0.55 && Math.Abs(massY / mass - 14) <= 0.55;
        int offCenter = Math.Max(Math.Abs(left + right - (Size - 1)), Math.Abs(top + bottom - (Size - 1))); // in half pixels
        return isExact ? longest is >= 22 and <= 27 && offCenter <= 1 : longest is >= 20 and <= 25 && offCenter <= 2;
    }

    /// <summary>Whether ink lies along three sides of the box around all ink: it may be the border of a form's box or comb, with the character inside.</summary>
    private static bool IsFramed(ReadOnlySpan<float> form, int left, int top, int right, int bottom)
    {
        const double Covered = 0.9;
        int width = right - left + 1, height = bottom - top + 1, atLeft = 0, atRight = 0, atTop = 0, atBottom = 0;
        for (int y = top; y <= bottom; y++)
        {
            ReadOnlySpan<float> row = form.Slice(y * Size, Size);
            if (Math.Max(row[left], row[Math.Min(left + 1, right)]) >= ExtentLevel) atLeft++;
            if (Math.Max(row[right], row[Math.Max(right - 1, left)]) >= ExtentLevel) atRight++;
        }
        for (int x = left; x <= right; x++)
        {
            if (Math.Max(form[top * Size + x], form[Math.Min(top + 1, bottom) * Size + x]) >= ExtentLevel) atTop++;
            if (Math.Max(form[bottom * Size + x], form[Math.Max(bottom - 1, top) * Size + x]) >= ExtentLevel) atBottom++;
        }
        int sides = (atLeft >= Covered * height ? 1 : 0) + (atRight >= Covered * height ? 1 : 0) + (atTop >= Covered * width ? 1 : 0) + (atBottom >= Covered * width ? 1 : 0);
        return sides >= 3 && Math.Min(width, height) > LeastFrame;
    }

    /// <summary>Whether strokes are as wide and, where a resampled picture tells, as soft as the data sets'.</summary>
    private static bool IsPenned(ReadOnlySpan<float> form, int side)
    {
        float area = 0, softness = 0;
        int sides = 0;
        for (int y = 0; y < Size; y++)
            for (int x = 0; x < Size; x++)
            {
                float ink = form[y * Size + x];
                softness += 4 * ink * (1 - ink);
                bool isInk = ink >= 0.5f;
                if (isInk) area++;
                if (x > 0 && isInk != form[y * Size + x - 1] >= 0.5f) sides++;
                if (y > 0 && isInk != form[(y - 1) * Size + x] >= 0.5f) sides++;
            }
        // Across an edge that rises like a Gaussian, 4·v·(1 − v) adds up to 4/√π of its standard deviation
        float perimeter = sides * InkRenderer.PerimeterPerSide;
        return 2 * area >= LeastStroke * perimeter && (side == Size || softness >= LeastSoftness * 2.257f * perimeter);
    }

    /// <summary>Whether hardly any ink is away from the strokes: faint lines, squares, boxes, or what shows through from the other side of the paper, have to be taken out.</summary>
    private static bool IsAlone(ReadOnlySpan<float> form)
    {
        // A bit for each pixel of a row that is within two pixels of a stroke, first along rows
        Span<uint> near = stackalloc uint[Size + 4];
        near.Clear();
        for (int y = 0; y < Size; y++)
        {
            uint strokes = 0;
            for (int x = 0; x < Size; x++) if (form[y * Size + x] >= ExtentLevel) strokes |= 1u << x;
            near[y + 2] = strokes | strokes << 1 | strokes << 2 | strokes >> 1 | strokes >> 2;
        }
        float total = 0, away = 0;
        for (int y = 0; y < Size; y++)
        {
            uint rows = near[y] | near[y + 1] | near[y + 2] | near[y + 3] | near[y + 4];
            for (int x = 0; x < Size; x++)
            {
                float ink = form[y * Size + x];
                total += ink;
                if ((rows >> x & 1) == 0) away += ink;
            }
        }
        return away <= MostAway * total;
    }
}
