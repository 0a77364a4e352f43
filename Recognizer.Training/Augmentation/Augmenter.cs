using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Recognizer.Inference.Imaging;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Augmentation;

/// <summary>Varies 28×28 images. What happens to an image depends on its key alone. Not safe for use by several threads at once: each
/// takes its own.</summary>
internal sealed class Augmenter
{
    private const int Size = DatasetPart.Side;
    private const int Margin = 3;
    private const int Stride = Size + 2 * Margin;

    /// <summary>Control points of the elastic warp are 7 pixels apart, so that strokes bend but don't break; a cubic B-spline over 28
    /// pixels reads 4 intervals + 3 points.</summary>
    private const int Spacing = 7;
    private const int Controls = Size / Spacing + 3;

    /// <summary>Row length of the basis table: 28 rounded up so that any vector up to 16 floats divides it.</summary>
    private const int Row = 32;

    /// <summary>Standard normal quantiles at (i + ½) / 256, and a rotation of them by one random byte each is a cheap normal number.</summary>
    private static readonly float[] Quantiles = NormalQuantiles();

    /// <summary>[control][pixel]: weight of each control point at each pixel.</summary>
    private static readonly float[] Basis = SplineBasis();

    /// <summary>Standard deviation of the spline of independent standard normal control points, averaged over the pixels.</summary>
    private static readonly float SplineDeviation = Basis.AsSpan(0, Controls * Row).ToArray().Sum(w => w * w) / Size;

    private readonly AugmentationOptions _options;
    private readonly NormalizerLayout _layout;
    private readonly bool _isAlphanumeric;
    private readonly float[] _source = new float[Stride * Stride];
    private readonly float[] _control = new float[2 * Controls * Controls];
    private readonly float[] _shiftX = new float[Size * Row];
    private readonly float[] _shiftY = new float[Size * Row];

    /// <param name="options">How to vary images.</param>
    /// <param name="layout">What the images are, and what pictures of them are brought back to.</param>
    /// <param name="isAlphanumeric">Whether characters are Latin letters and digits, as the normaliser asks.</param>
    public Augmenter(AugmentationOptions options, NormalizerLayout layout = NormalizerLayout.Emnist, bool isAlphanumeric = true) => (_options, _layout, _isAlphanumeric) = (options, layout, isAlphanumeric);

    /// <summary>Converts an image to 0…1 and varies it.</summary>
    /// <param name="image">[28, 28], 0…255.</param>
    /// <param name="destination">[28, 28], receives 0…1.</param>
    /// <param name="key">Decides everything that is random.</param>
    /// <param name="clean">[28, 28], receives the image in its new form before it is made harder to read; or empty.</param>
    public void Apply(ReadOnlySpan<byte> image, Span<float> destination, ulong key, Span<float> clean = default)
    {
        var random = new CounterRandom(key);
        bool elastic = _options.Elastic > 0;
        if (elastic || _options.Rotation > 0 || _options.Scale > 0 || _options.Aspect > 0 || _options.Shear > 0 || _options.Translation > 0 || _options.Perspective > 0)
            Warp(image, destination, ref random, elastic);
        else
            DatasetPart.ToUnit(image, destination);
        if (_options.Thickness > 0) Damage.Thicken(destination, Symmetric(ref random, _options.Thickness));
        if (!clean.IsEmpty) destination.CopyTo(clean);
        if (_options.Picture > 0 && random.NextSingle() < _options.Picture) Picture.Apply(destination, _layout, _isAlphanumeric, ref random);
        if (_options.Damage > 0 && random.NextSingle() < _options.Damage) Damage.Apply(destination, random.NextInt32(Damage.Ways), ref random);
        if (_options.Noise > 0) AddNoise(destination, _options.Noise * random.NextSingle(), ref random);
        if (_options.Erasing > 0 && random.NextSingle() < _options.Erasing) Erase(destination, ref random);
    }

    /// <summary>A part with each image varied once, for looking at.</summary>
    public static DatasetPart Vary(DatasetPart part, AugmentationOptions options, NormalizerLayout layout, bool isAlphanumeric = true)
    {
        if (options.IsNone) return part;
        var augmenter = new Augmenter(options, layout, isAlphanumeric);
        var images = new byte[part.Images.Length];
        Span<float> varied = stackalloc float[DatasetPart.PixelsPerImage];
        for (int i = 0; i < part.Count; i++)
        {
            augmenter.Apply(part.Image(i), varied, CounterRandom.Key(1, (ulong)i));
            for (int k = 0; k < varied.Length; k++) images[i * DatasetPart.PixelsPerImage + k] = (byte)(255 * varied[k] + 0.5f);
        }
        return new DatasetPart(images, part.Labels);
    }

    // Each pixel of the result reads the source at A · (p − centre) + centre + shift + elastic(p), between sixteen neighbours.
    private void Warp(ReadOnlySpan<byte> image, Span<float> destination, ref CounterRandom random, bool elastic)
    {
        for (int y = 0; y < Size; y++)
            DatasetPart.ToUnit(image.Slice(y * Size, Size), _source.AsSpan((y + Margin) * Stride + Margin, Size));

        float angle = Symmetric(ref random, _options.Rotation) * (MathF.PI / 180);
        float scale = 1 + Symmetric(ref random, _options.Scale);
        float ratio = 1 + Symmetric(ref random, _options.Scale / 2);
        float shear = Symmetric(ref random, _options.Shear);
        float shiftX = Symmetric(ref random, _options.Translation), shiftY = Symmetric(ref random, _options.Translation);
        (float sin, float cos) = MathF.SinCos(angle);
        float inverseX = 1 / (scale * ratio), inverseY = ratio / scale;
        if (_options.Aspect > 0)
        {
            float aspect = MathF.Exp(Symmetric(ref random, _options.Aspect));
            (int width, int height) = Extent(image);
            float shrink = Math.Max(width * aspect, height) / Math.Max(width, height);
            inverseX *= shrink / aspect;
            inverseY *= shrink;
        }
        float xx = cos * inverseX, xy = (sin + shear * cos) * inverseX;
        float yx = -sin * inverseY, yy = (cos - shear * sin) * inverseY;
        const float Centre = (Size - 1) / 2f;
        // Half the image away from the centre the distance differs by that much.
        float nearX = 0, nearY = 0;
        if (_options.Perspective > 0)
        {
            nearX = Symmetric(ref random, _options.Perspective) / Centre;
            nearY = Symmetric(ref random, _options.Perspective) / Centre;
        }

        if (elastic) DrawElastic(ref random);
        ref float source = ref MemoryMarshal.GetArrayDataReference(_source);
        for (int y = 0; y < Size; y++)
        {
            float startX = xx * -Centre + xy * (y - Centre) + Centre + shiftX;
            float startY = yx * -Centre + yy * (y - Centre) + Centre + shiftY;
            ReadOnlySpan<float> warpX = _shiftX.AsSpan(y * Row, Size), warpY = _shiftY.AsSpan(y * Row, Size);
            Span<float> row = destination.Slice(y * Size, Size);
            for (int x = 0; x < row.Length; x++)
            {
                float sx = startX + xx * x, sy = startY + yx * x;
                if (nearX != 0)
                {
                    float distance = 1 / (1 + nearX * (x - Centre) + nearY * (y - Centre));
                    sx = (sx - Centre) * distance + Centre;
                    sy = (sy - Centre) * distance + Centre;
                }
                if (elastic)
                {
                    sx += warpX[x];
                    sy += warpY[x];
                }
                // Outside the image everything is ground: the margin holds zeros, and beyond it coordinates stop there.
                sx = Math.Clamp(sx + Margin, 1, Stride - 2.001f);
                sy = Math.Clamp(sy + Margin, 1, Stride - 2.001f);
                int x0 = (int)sx, y0 = (int)sy;
                Vector128<float> acrossWeights = Cubic(sx - x0), downWeights = Cubic(sy - y0);
                ref float corner = ref Unsafe.Add(ref source, (y0 - 1) * Stride + x0 - 1);
                Vector128<float> column = Vector128.LoadUnsafe(ref corner) * downWeights[0]
                    + Vector128.LoadUnsafe(ref corner, Stride) * downWeights[1]
                    + Vector128.LoadUnsafe(ref corner, 2 * Stride) * downWeights[2]
                    + Vector128.LoadUnsafe(ref corner, 3 * Stride) * downWeights[3];
                row[x] = Math.Clamp(Vector128.Dot(column, acrossWeights), 0, 1);
            }
        }
    }

    // Columns and rows from the first to the last that have ink; 1 × 1 for an empty image.
    private static (int Width, int Height) Extent(ReadOnlySpan<byte> image)
    {
        const byte ink = 64;
        int left = Size, right = 0, top = Size, bottom = 0;
        for (int y = 0; y < Size; y++)
        {
            ReadOnlySpan<byte> row = image.Slice(y * Size, Size);
            int first = row.IndexOfAnyInRange(ink, byte.MaxValue);
            if (first < 0) continue;
            (left, right) = (Math.Min(left, first), Math.Max(right, row.LastIndexOfAnyInRange(ink, byte.MaxValue)));
            (top, bottom) = (Math.Min(top, y), y);
        }
        return (Math.Max(1, right - left + 1), Math.Max(1, bottom - top + 1));
    }

    // Catmull–Rom weights of the pixels at −1, 0, 1 and 2: they keep edges as steep as they are, where linear ones would soften all but images that stay in place.
    private static Vector128<float> Cubic(float t)
    {
        float t2 = t * t, t3 = t2 * t;
        return Vector128.Create(-t + 2 * t2 - t3, 2 - 5 * t2 + 3 * t3, t + 4 * t2 - 3 * t3, t3 - t2) * 0.5f;
    }

    // A displacement per pixel and axis: a tensor-product cubic B-spline through random control points. Both passes are sums over control
    // points; the second runs along a row, several pixels at a time.
    private void DrawElastic(ref CounterRandom random)
    {
        float amplitude = _options.Elastic / SplineDeviation;
        FillNormal(_control, ref random);
        Span<float> column = stackalloc float[Controls];
        for (int axis = 0; axis < 2; axis++)
        {
            ReadOnlySpan<float> control = _control.AsSpan(axis * Controls * Controls, Controls * Controls);
            float[] shift = axis == 0 ? _shiftX : _shiftY;
            for (int y = 0; y < Size; y++)
            {
                column.Clear();
                int first = y / Spacing;
                for (int i = first; i < first + 4; i++)
                {
                    float weight = amplitude * Basis[i * Row + y];
                    for (int j = 0; j < Controls; j++) column[j] += weight * control[i * Controls + j];
                }
                for (int x = 0; x < Row; x += Vector<float>.Count)
                {
                    Vector<float> sum = Vector<float>.Zero;
                    for (int j = 0; j < Controls; j++) sum += new Vector<float>(Basis, j * Row + x) * column[j];
                    sum.CopyTo(shift, y * Row + x);
                }
            }
        }
    }

    private static void AddNoise(Span<float> image, float deviation, ref CounterRandom random)
    {
        Span<float> noise = stackalloc float[DatasetPart.PixelsPerImage];
        FillNormal(noise, ref random);
        for (int i = 0; i < image.Length; i++) image[i] = Math.Clamp(image[i] + deviation * noise[i], 0, 1);
    }

    // Zhong et al. 2017: a rectangle of 2 … 15 % of the image and an aspect of 0.4 … 2.5, here of one grey, half of the time the ground.
    private static void Erase(Span<float> image, ref CounterRandom random)
    {
        float area = random.NextSingle(0.02f, 0.15f) * Size * Size;
        float aspect = MathF.Pow(2.5f, random.NextSingle(-1, 1));
        int height = Math.Clamp((int)MathF.Round(MathF.Sqrt(area * aspect)), 1, Size);
        int width = Math.Clamp((int)MathF.Round(MathF.Sqrt(area / aspect)), 1, Size);
        int top = random.NextInt32(Size - height + 1), left = random.NextInt32(Size - width + 1);
        float level = random.NextSingle() < 0.5f ? 0 : random.NextSingle();
        for (int y = top; y < top + height; y++) image.Slice(y * Size + left, width).Fill(level);
    }

    private static float Symmetric(ref CounterRandom random, float most) => random.NextSingle(-most, most);

    // Eight numbers from 64 bits: a quantile chosen by a byte is exact enough for noise and warps.
    private static void FillNormal(Span<float> values, ref CounterRandom random)
    {
        ulong bits = 0;
        for (int i = 0; i < values.Length; i++)
        {
            if (i % 8 == 0) bits = random.NextUInt64();
            values[i] = Quantiles[(byte)bits];
            bits >>= 8;
        }
    }

    private static float[] NormalQuantiles()
    {
        // The inverse of the normal distribution function by bisection of its series; done once.
        var values = new float[256];
        for (int i = 0; i < 128; i++)
        {
            double target = (i + 0.5) / 256, low = -6, high = 0;
            for (int step = 0; step < 60; step++)
            {
                double middle = (low + high) / 2;
                if (Distribution(middle) < target) low = middle;
                else high = middle;
            }
            values[i] = (float)low;
            values[255 - i] = -values[i];
        }
        return values;

        static double Distribution(double x)
        {
            double sum = x, term = x;
            for (int n = 1; n < 200; n++) sum += term *= x * x / (2 * n + 1);
            return 0.5 + sum * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
        }
    }

    private static float[] SplineBasis()
    {
        var basis = new float[Controls * Row];
        for (int pixel = 0; pixel < Size; pixel++)
        {
            float t = (pixel % Spacing + 0.5f) / Spacing, s = 1 - t;
            int first = pixel / Spacing;
            basis[first * Row + pixel] = s * s * s / 6;
            basis[(first + 1) * Row + pixel] = (3 * t * t * t - 6 * t * t + 4) / 6;
            basis[(first + 2) * Row + pixel] = (3 * s * s * s - 6 * s * s + 4) / 6;
            basis[(first + 3) * Row + pixel] = t * t * t / 6;
        }
        return basis;
    }
}
