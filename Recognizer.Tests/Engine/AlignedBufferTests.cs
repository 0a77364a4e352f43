using Recognizer.Inference.Engine;

namespace Recognizer.Tests.Engine;

public unsafe class AlignedBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(262_111)]
    [InlineData(262_112)]
    [InlineData(524_288)]
    [InlineData(1_500_000)]
    public void Blocks_of_any_size_are_zeroed_aligned_and_writable_to_the_end(int length)
    {
        using var buffer = new AlignedBuffer<float>(length);
        Assert.Equal(0u, (nuint)buffer.Pointer % 64);
        Assert.Equal(length, buffer.Length);
        Assert.False(buffer.Span.ContainsAnyExcept(0f));
        buffer.Span.Fill(3);
        Assert.False(buffer.Span.ContainsAnyExcept(3f));
    }
}
