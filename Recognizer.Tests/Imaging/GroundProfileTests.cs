using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Ink;

namespace Recognizer.Tests.Imaging;

public class GroundProfileTests
{
    /// <summary>A digit, and a stroke along the edge, on paper in the light given.</summary>
    private static GrayImage Paper(int width, int height, Func<double, double> light, double degrees, bool inked)
    {
        (double sin, double cos) = Math.SinCos(degrees * Math.PI / 180);
        double Along(int x, int y) => (x - width / 2.0) * cos + (y - height / 2.0) * sin;
        var cover = new float[width * height];
        if (inked)
        {
            Drawing.Digit(cover, width, 5, 0.3 * width, 0.2 * height, 0.4 * width, 0.6 * height, 6);
            for (int i = 0; i < cover.Length; i++)
                if (Along(i % width, i / width) is > 20 and < 26) cover[i] = 1;
        }
        var random = new Random(1);
        return Drawing.Paint(cover, width, (x, y) => 230 * light(Along(x, y)) + random.Next(-2, 3), (x, y) => 90 * light(Along(x, y)));
    }

    [Theory]
    [InlineData(160, 160, 0)]
    [InlineData(160, 110, 33)]
    [InlineData(110, 160, 71)]
    [InlineData(240, 200, 90)]
    [InlineData(64, 80, 128)]
    [InlineData(256, 60, 170)]
    public void The_ground_is_that_of_the_paper_beside_an_edge_whatever_is_written_there(int width, int height, double degrees)
    {
        foreach (Func<double, double> light in (Func<double, double>[])[at => at < 5 ? 1 : 0.5, at => 1 - 0.5 / (1 + Math.Exp(-at / 6))])
        {
            GrayImage bare = Paper(width, height, light, degrees, inked: false);
            var profile = new GroundProfile();
            profile.Fit(Paper(width, height, light, degrees, inked: true).Pixels, width, height);
            var row = new float[width];
            int far = 0;
            for (int y = 0; y < height; y++)
            {
                profile.Row(y, row);
                for (int x = 0; x < width; x++)
                    if (Math.Abs(row[x] - bare.Pixels[y * width + x]) > 20) far++;
            }
            // At the edge the ground is dark for up to two lines more, 2.5 pixels each of 240, and the corners have few pixels
            Assert.InRange(far / (double)(width * height), 0, 0.07);
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(1, 90)]
    [InlineData(90, 2)]
    public void The_ground_of_the_thinnest_pictures_is_their_paper(int width, int height)
    {
        byte[] pixels = [.. Enumerable.Range(0, width * height).Select(i => (byte)(i % 7 == 3 ? 20 : 200))];
        var profile = new GroundProfile();
        profile.Fit(pixels, width, height);
        var row = new float[width];
        for (int y = 0; y < height; y++)
        {
            profile.Row(y, row);
            Assert.All(row, level => Assert.InRange(level, 190, 210));
        }
    }
}
