using Recognizer.Inference.Engine.Kernels;

namespace Recognizer.Tests.Engine.Kernels;

public sealed unsafe class QuantizedMatrixTests
{
    [Theory]
    [InlineData(1, 3136, 128, 0)]
    [InlineData(9, 70, 10, -128)]
    [InlineData(6, 33, 77, -3)]
    [InlineData(4, 1, 1, -255)]
    public void VectorsGiveTheScalarTwinsBitsAndTheExactProduct(int rows, int depth, int columns, int low)
    {
        var random = new Random(depth);
        var weights = new sbyte[depth * columns];
        for (int i = 0; i < weights.Length; i++) weights[i] = (sbyte)random.Next(-127, 128);
        float[] scales = [.. Enumerable.Range(0, columns).Select(_ => random.NextSingle() * 0.01f)], bias = [.. Enumerable.Range(0, columns).Select(_ => random.NextSingle() - 0.5f)];
        const float step = 0.037f;
        using var matrix = new QuantizedMatrix(depth, columns, weights, scales, bias, step, low);
        int[] levels = [.. Enumerable.Range(0, rows * depth).Select(_ => random.Next(256))];
        float[] x = [.. levels.Select(level => step * (low + level))];
        var scalar = new float[rows * columns];
        var vector = new float[rows * columns];
        var scratch = new byte[Math.Max(matrix.ScratchBytes(rows), depth)];
        fixed (float* from = x, one = scalar, two = vector)
        fixed (byte* buffer = scratch)
        {
            matrix.MultiplyScalar(rows, from, depth, one, buffer);
            matrix.Multiply(rows, from, depth, two, default, buffer);
        }
        for (int i = 0; i < scalar.Length; i++) Assert.Equal(scalar[i], vector[i], 1e-5f * Math.Max(1, Math.Abs(scalar[i])));
        for (int r = 0; r < rows; r++)
        {
            for (int c = 0; c < columns; c++)
            {
                double expected = bias[c];
                for (int k = 0; k < depth; k++) expected += (double)step * (low + levels[r * depth + k]) * weights[k * columns + c] * scales[c];
                Assert.InRange(Math.Abs(vector[r * columns + c] - expected), 0, 1e-4 * Math.Max(1, Math.Abs(expected)));
            }
        }
    }
}
