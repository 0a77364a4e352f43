using System.Numerics;

namespace Recognizer.Inference.Imaging.Ink;

/// <summary>The ground's brightness as a polynomial of second degree in x and y (both −1…1 over the image), fitted to the image's border,
/// where ground is most likely, with weights that ignore what deviates (ink that touches the border).</summary>
internal struct GroundSurface : IGround
{
    private const int Terms = 6;
    private float _c, _x, _y, _xx, _xy, _yy;
    private int _width, _height;

    public static GroundSurface Fit(ReadOnlySpan<byte> pixels, int width, int height)
    {
        const int MaxSamples = 256;
        Span<float> xs = stackalloc float[MaxSamples], ys = stackalloc float[MaxSamples], values = stackalloc float[MaxSamples];
        Span<float> weights = stackalloc float[MaxSamples], residuals = stackalloc float[MaxSamples], sorted = stackalloc float[MaxSamples];
        var surface = new GroundSurface { _width = width, _height = height };
        int block = Math.Max(1, Math.Max(width, height) / 32);
        int stepsX = Math.Clamp(width / block, 1, 60), stepsY = Math.Clamp(height / block, 1, 60);
        int n = 0;
        for (int i = 0; i < stepsX; i++)
        {
            Sample(pixels, width, height, (int)((long)i * width / stepsX), 0, block, xs, ys, values, ref n);
            if (height > block) Sample(pixels, width, height, (int)((long)i * width / stepsX), height - block, block, xs, ys, values, ref n);
        }
        for (int i = 1; i < stepsY - 1; i++)
        {
            Sample(pixels, width, height, 0, (int)((long)i * height / stepsY), block, xs, ys, values, ref n);
            if (width > block) Sample(pixels, width, height, width - block, (int)((long)i * height / stepsY), block, xs, ys, values, ref n);
        }
        xs = xs[..n];
        ys = ys[..n];
        values = values[..n];
        weights = weights[..n];
        residuals = residuals[..n];
        sorted = sorted[..n];

        values.CopyTo(sorted);
        sorted.Sort();
        surface._c = sorted[n / 2];
        if (Math.Min(width, height) < 6) return surface;
        Span<double> normal = stackalloc double[Terms * (Terms + 1)];
        Span<float> basis = stackalloc float[Terms];
        for (int iteration = 0; iteration < 4; iteration++)
        {
            for (int i = 0; i < n; i++)
            {
                residuals[i] = values[i] - surface.At(xs[i], ys[i]);
                sorted[i] = Math.Abs(residuals[i]);
            }
            sorted.Sort();
            // Cauchy weights; the first rounds look at a generous scale, because the surface is not yet there
            float scale = Math.Max(2f, 1.48f * sorted[n / 2]) * (iteration == 0 ? 4 : 2);
            for (int i = 0; i < n; i++)
            {
                float q = residuals[i] / scale;
                weights[i] = 1 / (1 + q * q);
            }
            normal.Clear();
            for (int i = 0; i < n; i++)
            {
                float x = xs[i], y = ys[i], w = weights[i];
                basis[0] = 1;
                basis[1] = x;
                basis[2] = y;
                basis[3] = x * x;
                basis[4] = x * y;
                basis[5] = y * y;
                for (int a = 0; a < Terms; a++)
                {
                    double wb = w * basis[a];
                    for (int b = a; b < Terms; b++) normal[a * 7 + b] += wb * basis[b];
                    normal[a * 7 + 6] += wb * values[i];
                }
            }
            for (int a = 0; a < Terms; a++)
            {
                normal[a * 7 + a] += a == 0 ? 1e-6 : 1e-3 * n; // a little ridge keeps the curvature from explaining ink
                for (int b = 0; b < a; b++) normal[a * 7 + b] = normal[b * 7 + a];
            }
            Solve(normal);
            surface._c = (float)normal[6];
            surface._x = (float)normal[13];
            surface._y = (float)normal[20];
            surface._xx = (float)normal[27];
            surface._xy = (float)normal[34];
            surface._yy = (float)normal[41];
        }
        return surface;
    }

    private static void Sample(ReadOnlySpan<byte> pixels, int width, int height, int left, int top, int block,
        Span<float> xs, Span<float> ys, Span<float> values, ref int n)
    {
        int right = Math.Min(width, left + block), bottom = Math.Min(height, top + block), sum = 0;
        for (int y = top; y < bottom; y++)
            for (int x = left; x < right; x++) sum += pixels[y * width + x];
        values[n] = (float)sum / ((right - left) * (bottom - top));
        xs[n] = (left + right) / (float)width - 1;
        ys[n] = (top + bottom) / (float)height - 1;
        n++;
    }

    /// <summary>Gauss–Jordan elimination of [6, 7] in place; the matrix is positive definite, so no pivoting.</summary>
    private static void Solve(Span<double> m)
    {
        for (int i = 0; i < Terms; i++)
        {
            double inverse = 1 / m[i * 7 + i];
            for (int c = i; c < 7; c++) m[i * 7 + c] *= inverse;
            for (int r = 0; r < Terms; r++)
            {
                double f = m[r * 7 + i];
                if (r == i || f == 0) continue;
                for (int c = i; c < 7; c++) m[r * 7 + c] -= f * m[i * 7 + c];
            }
        }
    }

    private readonly float At(float x, float y) => _c + x * (_x + x * _xx + y * _xy) + y * (_y + y * _yy);

    /// <summary>The ground in row <paramref name="row"/>, held to 0…255.</summary>
    public readonly void Row(int row, Span<float> ground)
    {
        float y = (2 * row + 1f) / _height - 1, step = 2f / _width;
        float c = _c + y * (_y + y * _yy), slope = _x + y * _xy;
        int i = 0;
        for (; i <= _width - Vector<float>.Count; i += Vector<float>.Count)
        {
            Vector<float> x = Vector.CreateSequence(i + 0.5f, 1) * step - Vector<float>.One;
            Vector<float> value = new Vector<float>(c) + x * (new Vector<float>(slope) + x * _xx);
            Vector.Min(Vector.Max(value, Vector<float>.Zero), new Vector<float>(255)).CopyTo(ground[i..]);
        }
        for (; i < _width; i++)
        {
            float x = (i + 0.5f) * step - 1;
            ground[i] = Math.Clamp(c + x * (slope + x * _xx), 0, 255);
        }
    }
}
