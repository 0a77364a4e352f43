using Recognizer.Inference.Imaging;

namespace Recognizer.Tests.Imaging;

public class CropTests
{
    [Theory]
    [InlineData(0, 0, 7, 5)]
    [InlineData(2, 1, 3, 4)]
    [InlineData(6, 4, 1, 1)]
    public void Parts_have_the_pixels_of_the_whole(int left, int top, int width, int height)
    {
        byte[] pixels = [.. Enumerable.Range(0, 7 * 5 * 3).Select(i => (byte)(i * 37))];
        Image color = new Image(7, 5, 3, pixels).Crop(left, top, width, height);
        Image one = new Image(7, 5, 1, pixels).Crop(left, top, width, height);
        GrayImage gray = new GrayImage(7, 5, pixels).Crop(left, top, width, height);
        Assert.Equal((width, height, 3), (color.Width, color.Height, color.Channels));
        Assert.Equal((width, height, 1), (one.Width, one.Height, one.Channels));
        Assert.Equal((width, height), (gray.Width, gray.Height));
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                int from = (top + y) * 7 + left + x, to = y * width + x;
                Assert.Equal(pixels[from], gray.Pixels[to]);
                Assert.Equal(pixels[from], one.Pixels[to]);
                Assert.Equal(pixels.AsSpan(3 * from, 3), color.Pixels.Slice(3 * to, 3));
            }
        gray.Pixels.ToArray().AsSpan().Clear();
        Assert.NotEqual(0, pixels[1]);
    }

    [Theory]
    [InlineData(-1, 0, 2, 2, "left")]
    [InlineData(0, -1, 2, 2, "top")]
    [InlineData(0, 0, 0, 2, "width")]
    [InlineData(0, 0, 2, 0, "height")]
    [InlineData(5, 0, 3, 2, "width")]
    [InlineData(0, 4, 2, 2, "height")]
    [InlineData(1, 0, int.MaxValue, 2, "width")]
    [InlineData(int.MaxValue, int.MaxValue, int.MaxValue, int.MaxValue, "width")]
    public void What_reaches_beyond_the_picture_is_refused(int left, int top, int width, int height, string parameter)
    {
        var gray = new GrayImage(7, 5, new byte[35]);
        var exception = Assert.Throws<ArgumentOutOfRangeException>(parameter, () => gray.Crop(left, top, width, height));
        Assert.Contains($"{left},{top} {width}×{height}", exception.Message, StringComparison.Ordinal);
        Assert.Contains("7×5", exception.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(parameter, () => new Image(7, 5, 1, new byte[35]).Crop(left, top, width, height));
    }
}
