using Recognizer.Inference.Engine.Compilation;
using Recognizer.Inference.Engine.Kernels;

namespace Recognizer.Tests.Engine.Compilation;

public sealed class KernelChoiceTests
{
    [Theory]
    [InlineData(7, 512, 14, 5)]
    [InlineData(28, 256, 14, 5)]
    [InlineData(112, 64, 5, 5)]
    [InlineData(224, 64, 1, 5)]
    [InlineData(448, 64, 1, 1)]
    [InlineData(4000, 128, 1, 1)]
    public void LargeImagesAreTimedFewAtATimeAndNotOften(int size, int channels, int images, int rounds) =>
        Assert.Equal((images, rounds), KernelChoice.Effort(new ImageShape(size, size, channels, 1).ImageStride));
}
