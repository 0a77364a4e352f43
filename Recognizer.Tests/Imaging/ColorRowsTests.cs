using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Codecs;

namespace Recognizer.Tests.Imaging;

/// <summary>Rows of colours and of subsampled components, compared with the definition pixel by pixel; lengths about those of vectors.</summary>
public class ColorRowsTests
{
    public static TheoryData<int> Lengths() => [1, 2, 3, 15, 16, 17, 31, 32, 33, 34, 47, 64, 65, 66, 67, 200];

    private static byte[] Random(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed + length).NextBytes(bytes);
        return bytes;
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Colours_of_a_row(int length)
    {
        byte[] red = Random(length, 1), green = Random(length, 2), blue = Random(length, 3), rgb = new byte[3 * length], gray = new byte[length];
        RgbPixels.Interleave(red, green, blue, rgb);
        Assert.Equal(Enumerable.Range(0, length).SelectMany(i => new[] { red[i], green[i], blue[i] }), rgb);
        foreach (var mixture in new[] { ColorProjection.Luma, new ColorProjection(0.5f, -0.3f, 0.2f, 76.5f), new ColorProjection(-0.1f, -0.8f, 0.1f, 229.5f) })
        {
            mixture.Apply(rgb, gray);
            for (int i = 0; i < length; i++)
            {
                double value = mixture.Red * red[i] + mixture.Green * green[i] + mixture.Blue * blue[i] + mixture.Offset;
                Assert.InRange(gray[i], value - 0.52, value + 0.52);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Components_of_half_the_resolution_are_interpolated(int outputWidth)
    {
        const int Rows = 3, OutputRows = 2 * Rows;
        int width = (outputWidth + 1) / 2;
        byte[] output = new byte[outputWidth];
        foreach (bool halfRows in new[] { false, true })
            foreach (bool halfColumns in new[] { false, true })
            {
                int columns = halfColumns ? width : outputWidth, rows = halfRows ? Rows : OutputRows;
                byte[] samples = Random(columns * rows, 5);
                for (int y = 0; y < OutputRows; y++)
                {
                    JpegUpsampler.Row(samples, columns, columns, rows, halfColumns ? 1 : 2, halfRows ? 1 : 2, 2, 2, y, outputWidth, output, new ushort[outputWidth + 8]);
                    for (int x = 0; x < outputWidth; x++)
                    {
                        // ¾ of the sample that a pixel lies in, ¼ of the next on its side
                        var (u, v) = (halfColumns ? x / 2 : x, halfRows ? y / 2 : y);
                        int nextU = !halfColumns ? u : Math.Clamp(x % 2 == 0 ? u - 1 : u + 1, 0, columns - 1), nextV = !halfRows ? v : Math.Clamp(y % 2 == 0 ? v - 1 : v + 1, 0, rows - 1);
                        double expected = 0.75 * (0.75 * At(u, v) + 0.25 * At(u, nextV)) + 0.25 * (0.75 * At(nextU, v) + 0.25 * At(nextU, nextV));
                        Assert.InRange(output[x], expected - 0.51, expected + 0.51);
                    }
                }

                double At(int column, int row) => samples[row * columns + column];
            }
    }
}
