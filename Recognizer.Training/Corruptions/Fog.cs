namespace Recognizer.Training.Corruptions;

/// <summary>Clouds three times as bright as ink lie over the image, and the whole is brought back to the range of the image.</summary>
internal sealed class Fog : Corruption
{
    private const float Density = 3;
    private const int MapSide = 256;

    // A step's noise has the amplitude wibble · U(−wibble, wibble), and wibble falls by 1.4 with each halving of the step.
    private const float FirstWibble = 100;
    private const float Decay = 1.4f;

    [ThreadStatic]
    private static float[]? t_map;

    public override string Name => "fog";

    protected override void Apply(Span<float> image, Span<float> result, ref CounterRandom random)
    {
        float[] clouds = t_map ??= new float[MapSide * MapSide];
        DrawClouds(clouds, ref random);
        float lowest = float.PositiveInfinity, highest = float.NegativeInfinity, brightest = 0;
        foreach (float value in clouds)
        {
            lowest = Math.Min(lowest, value);
            highest = Math.Max(highest, value);
        }
        foreach (float value in image) brightest = Math.Max(brightest, value);
        for (int i = 0; i < PixelCount; i++)
        {
            float cloud = (clouds[i / Side * MapSide + i % Side] - lowest) / (highest - lowest);
            result[i] = (image[i] + Density * cloud) * brightest / (brightest + Density);
        }
    }

    /// <summary>Midpoint displacement on a torus: the middle of each square of known points, then the middle of each side, is the mean of its
    /// four neighbours and noise; then the squares are half as large (Fournier, Fussell, Carpenter 1982).</summary>
    private static void DrawClouds(float[] map, ref CounterRandom random)
    {
        map[0] = 0;
        float wibble = FirstWibble;
        for (int step = MapSide; step >= 2; step /= 2, wibble /= Decay)
        {
            int half = step / 2;
            float amplitude = wibble * wibble;
            for (int y = half; y < MapSide; y += step)
            {
                for (int x = half; x < MapSide; x += step)
                    map[y * MapSide + x] = 0.25f * (At(x - half, y - half) + At(x + half, y - half) + At(x - half, y + half) + At(x + half, y + half)) + Noise(ref random, amplitude);
            }
            for (int y = 0; y < MapSide; y += half)
            {
                for (int x = y % step == 0 ? half : 0; x < MapSide; x += step)
                    map[y * MapSide + x] = 0.25f * (At(x - half, y) + At(x + half, y) + At(x, y - half) + At(x, y + half)) + Noise(ref random, amplitude);
            }
        }

        float At(int x, int y) => map[(y & (MapSide - 1)) * MapSide + (x & (MapSide - 1))];
        static float Noise(ref CounterRandom random, float amplitude) => random.NextSingle(-amplitude, amplitude);
    }
}
