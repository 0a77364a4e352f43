using Recognizer.Inference.Engine.Kernels.Quantized;

namespace Recognizer.Tests.Engine.Kernels.Quantized;

public sealed unsafe class QuantizedMatrixTests
{
    [Theory]
    [InlineData(1, 3136, 128, 0, true)]
    [InlineData(9, 70, 10, -128, false)]
    [InlineData(6, 33, 77, -3, true)]
    [InlineData(4, 1, 1, -255, false)]
    public void VectorsGiveTheScalarTwinsBitsAndTheExactProduct(int rows, int depth, int columns, int low, bool givesLevels)
    {
        var random = new Random(depth);
        var weights = new sbyte[depth * columns];
        for (int i = 0; i < weights.Length; i++) weights[i] = (sbyte)random.Next(-127, 128);
        float[] scales = [.. Enumerable.Range(0, columns).Select(_ => random.NextSingle() * 0.01f)];
        int[] bias = [.. Enumerable.Range(0, columns).Select(_ => random.Next(-9999, 9999))];
        QuantizedEpilogue? epilogue = givesLevels ? new QuantizedEpilogue(new LevelRange(1, -99, 99), -50) : null;
        using var matrix = new QuantizedMatrix(depth, columns, weights, scales, bias, low, epilogue);
        int[] levels = [.. Enumerable.Range(0, rows * depth).Select(_ => random.Next(256))];
        float[] x = [.. levels.Select(level => (float)(low + level))];
        var scalar = new float[rows * columns];
        var vector = new float[rows * columns];
        var scratch = new byte[Math.Max(matrix.ScratchBytes(rows), depth)];
        fixed (float* from = x, one = scalar, two = vector)
        fixed (byte* buffer = scratch)
        {
            matrix.MultiplyScalar(rows, from, depth, one, buffer);
            matrix.Multiply(rows, from, depth, two, default, buffer);
        }
        for (int i = 0; i < scalar.Length; i++) Assert.Equal(scalar[i], vector[i]);
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                int sum = bias[c];
                for (int k = 0; k < depth; k++) sum += (low + levels[r * depth + k]) * weights[k * columns + c];
                float expected = sum * scales[c];
                Assert.Equal(givesLevels ? MathF.Round(Math.Clamp(expected, -50, 156)) : expected, vector[r * columns + c]);
            }
        }
    }

    [Fact]
    public void SumsThatDontFitAreRefused()
    {
        // Column 1 of [2, 2], or row 1 of what is transposed, adds up to 255 · (3 + 4) at most.
        const int room = int.MaxValue - 255 * 7;
        Assert.True(QuantizedMatrix.Supports([100, 3, 100, 4], [0, room], 2, transposed: false));
        Assert.True(QuantizedMatrix.Supports([100, 100, 3, -4], [0, -room], 2, transposed: true));
        Assert.False(QuantizedMatrix.Supports([100, 3, 100, 4], [0, -room - 1], 2, transposed: false));
        Assert.False(QuantizedMatrix.Supports([100, 100, 3, -4], [0, room + 1], 2, transposed: true));
        Assert.Throws<ArgumentException>(() => new QuantizedMatrix(2, 2, [100, 3, 100, 4], [1, 1], [0, room + 1], 0));
    }
}
