namespace Recognizer.Training.Outliers;

/// <summary>Nothing but ground: even, of any grey, shaded, slightly noisy, or with a few specks.</summary>
internal sealed class Blank : OutlierKind
{
    public override string Name => "blank";

    protected override void Draw(Span<float> image, in InkMeasure model, ref CounterRandom random)
    {
        switch (random.NextInt32(5))
        {
            case 0:
                break;
            case 1:
                image.Fill(random.NextSingle());
                break;
            case 2:
                float slopeX = random.NextSingle(-0.5f, 0.5f) / Side, slopeY = random.NextSingle(-0.5f, 0.5f) / Side, middle = random.NextSingle();
                for (int i = 0; i < PixelCount; i++) image[i] = middle + slopeX * (i % Side - 13.5f) + slopeY * (i / Side - 13.5f);
                break;
            case 3:
                float level = random.NextSingle(0, 0.5f), noise = random.NextSingle(0.005f, 0.05f);
                for (int i = 0; i < PixelCount; i++) image[i] = level + noise * random.NextGaussian();
                break;
            default:
                for (int speck = random.NextInt32(5); speck >= 0; speck--) image[random.NextInt32(PixelCount)] = random.NextSingle(0.3f, 1);
                break;
        }
    }
}

/// <summary>Every pixel is uniform between two random greys at least 0.4 apart.</summary>
internal sealed class UniformNoise : OutlierKind
{
    public override string Name => "uniform-noise";

    protected override void Draw(Span<float> image, in InkMeasure model, ref CounterRandom random)
    {
        float low = random.NextSingle(0, 0.6f), high = random.NextSingle(low + 0.4f, 1);
        for (int i = 0; i < PixelCount; i++) image[i] = random.NextSingle(low, high);
    }
}

/// <summary>Every pixel is normal about a random grey.</summary>
internal sealed class GaussianNoise : OutlierKind
{
    public override string Name => "gaussian-noise";

    protected override void Draw(Span<float> image, in InkMeasure model, ref CounterRandom random)
    {
        float mean = random.NextSingle(), deviation = random.NextSingle(0.1f, 0.5f);
        for (int i = 0; i < PixelCount; i++) image[i] = mean + deviation * random.NextGaussian();
    }
}

/// <summary>Specks of ink all over the ground.</summary>
internal sealed class Specks : OutlierKind
{
    public override string Name => "specks";

    protected override void Draw(Span<float> image, in InkMeasure model, ref CounterRandom random)
    {
        float share = random.NextSingle(0.03f, 0.5f);
        for (int i = 0; i < PixelCount; i++) image[i] = random.NextSingle() < share ? 1 : 0;
    }
}

/// <summary>Waves or bars of any direction, 3 to 14 pixels apart.</summary>
internal sealed class Grating : OutlierKind
{
    public override string Name => "grating";

    protected override void Draw(Span<float> image, in InkMeasure model, ref CounterRandom random)
    {
        (float sin, float cos) = MathF.SinCos(random.NextSingle(0, MathF.PI));
        float frequency = 2 * MathF.PI / random.NextSingle(3, 14), phase = random.NextSingle(0, 2 * MathF.PI);
        float contrast = random.NextSingle(0.5f, 1);
        // 1 is a sine; higher gains make bars of it.
        float gain = random.NextInt32(2) == 0 ? 1 : 8;
        for (int i = 0; i < PixelCount; i++)
            image[i] = 0.5f + 0.5f * contrast * Math.Clamp(gain * MathF.Sin(frequency * (cos * (i % Side) + sin * (i / Side)) + phase), -1, 1);
    }
}

/// <summary>A checkerboard or a grid of lines, 2 to 9 pixels wide.</summary>
internal sealed class Checkerboard : OutlierKind
{
    public override string Name => "checkerboard";

    protected override void Draw(Span<float> image, in InkMeasure model, ref CounterRandom random)
    {
        int size = 2 + random.NextInt32(8), shiftX = random.NextInt32(18), shiftY = random.NextInt32(18);
        bool grid = random.NextInt32(2) == 0;
        size = grid ? Math.Max(4, size) : size;
        float ink = random.NextSingle(0.6f, 1);
        for (int i = 0; i < PixelCount; i++)
        {
            int x = i % Side + shiftX, y = i / Side + shiftY;
            bool dark = grid ? x % size == 0 || y % size == 0 : (x / size + y / size) % 2 == 0;
            image[i] = dark ? ink : 0;
        }
    }
}

/// <summary>Smooth noise of several scales, as clouds, marble or blots.</summary>
internal sealed class Clouds : OutlierKind
{
    public override string Name => "clouds";

    protected override void Draw(Span<float> image, in InkMeasure model, ref CounterRandom random)
    {
        Span<float> lattice = stackalloc float[32 * 32];
        float amplitude = 1, total = 0;
        float spacing = random.NextSingle(5, 12);
        for (int octave = 0; octave < 3; octave++, amplitude *= 0.5f, spacing *= 0.5f)
        {
            for (int i = 0; i < lattice.Length; i++) lattice[i] = random.NextSingle();
            total += amplitude;
            for (int i = 0; i < PixelCount; i++)
            {
                float x = i % Side / spacing, y = i / Side / spacing;
                int left = (int)x, top = (int)y;
                float right = Ease(x - left), lower = Ease(y - top);
                float upperValue = Mix(lattice[top * 32 + left], lattice[top * 32 + left + 1], right);
                float lowerValue = Mix(lattice[(top + 1) * 32 + left], lattice[(top + 1) * 32 + left + 1], right);
                image[i] += amplitude * Mix(upperValue, lowerValue, lower);
            }
        }
        float gain = random.NextInt32(3) switch { 0 => 1, 1 => 3, _ => 20 };
        for (int i = 0; i < PixelCount; i++) image[i] = 0.5f + gain * (image[i] / total - 0.5f);

        static float Ease(float t) => t * t * (3 - 2 * t);
        static float Mix(float a, float b, float t) => a + t * (b - a);
    }
}

/// <summary>Rings about a point, or a regular pattern of dots.</summary>
internal sealed class Rings : OutlierKind
{
    public override string Name => "rings-and-dots";

    protected override void Draw(Span<float> image, in InkMeasure model, ref CounterRandom random)
    {
        float spacing = random.NextSingle(4, 9), centreX = random.NextSingle(0, Side), centreY = random.NextSingle(0, Side), size = random.NextSingle(0.3f, 0.45f) * spacing;
        bool rings = random.NextInt32(2) == 0;
        for (int i = 0; i < PixelCount; i++)
        {
            float dx = i % Side - centreX, dy = i / Side - centreY;
            float distance = rings
                ? Math.Abs(Wrap(MathF.Sqrt(dx * dx + dy * dy), spacing))
                : MathF.Sqrt(Wrap(dx, spacing) * Wrap(dx, spacing) + Wrap(dy, spacing) * Wrap(dy, spacing));
            image[i] = Math.Clamp((rings ? spacing / 4 : size) + 0.5f - distance, 0, 1);
        }

        static float Wrap(float value, float period) => value - period * MathF.Round(value / period);
    }
}
