using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Matrices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Tests.Engine.Kernels.Matrices;

public unsafe class GemmTests
{
    public static TheoryData<string> Levels => new(KernelCases.Levels.Select(level => level.ToString()));

    [Theory]
    [MemberData(nameof(Levels))]
    public void Product_IsCloseToDoublePrecision(string level)
    {
        Random random = new(1);
        int[] sizes = [1, 2, 3, 5, 13, 14, 15, 16, 17, 28, 31, 32, 33, 40, 63, 70, 129];
        for (int repeat = 0; repeat < 150; repeat++)
        {
            int m = sizes[random.Next(sizes.Length)], n = sizes[random.Next(sizes.Length)];
            int k = repeat % 10 == 0 ? random.Next(380, 900) : sizes[random.Next(sizes.Length)];
            bool transposeA = random.Next(2) == 0, transposeB = random.Next(2) == 0;
            int lda = (transposeA ? m : k) + random.Next(3), ldb = (transposeB ? k : n) + random.Next(3), ldc = n + random.Next(3);
            if (repeat % 7 == 0 && !transposeA) lda = (k + 511) / 512 * 512;
            float beta = random.Next(3) * 0.5f;
            string kind = KernelCases.Inputs[repeat % 3];
            float[] a = KernelCases.Values(kind, (long)lda * (transposeA ? k : m), repeat), b = KernelCases.Values("random", (long)ldb * (transposeB ? n : k), repeat + 1000);
            float[] c = KernelCases.Values("random", (long)ldc * m, repeat + 2000), bias = KernelCases.Values("random", n, repeat + 3000);
            bool hasBias = random.Next(2) == 0;
            Activation activation = random.Next(2) == 0 ? new(ActivationKind.Relu) : default;
            float[] before = (float[])c.Clone();
            if (beta == 0) Array.Fill(c, float.NaN);
            fixed (float* pa = a, pb = b, pc = c, pBias = bias)
            {
                Gemm.Operation operation = new()
                {
                    TransposeA = transposeA, TransposeB = transposeB, M = m, N = n, K = k, A = pa, Lda = lda, B = pb, Ldb = ldb, Beta = beta,
                    C = pc, Ldc = ldc, Bias = hasBias ? pBias : null, Activation = activation,
                };
                Gemm.Run(ref operation, Enum.Parse<SimdLevel>(level));
            }
            for (int i = 0; i < m; i++)
            {
                for (int j = 0; j < ldc; j++)
                {
                    if (j >= n)
                    {
                        Assert.Equal(beta == 0 ? float.NaN : before[i * ldc + j], c[i * ldc + j]);
                        continue;
                    }
                    double sum = beta * before[i * ldc + j] + (hasBias ? bias[j] : 0), size = Math.Abs(sum);
                    for (int s = 0; s < k; s++)
                    {
                        double product = (double)a[transposeA ? s * lda + i : i * lda + s] * b[transposeB ? j * ldb + s : s * ldb + j];
                        sum += product;
                        size += Math.Abs(product);
                    }
                    if (activation.Kind == ActivationKind.Relu) sum = Math.Max(0, sum);
                    // Rounding of a sum of k + 2 terms in any order: (k + 2) · 2^-24 times the sum of their sizes.
                    Assert.True(Math.Abs(sum - c[i * ldc + j]) <= (k + 2) * 6e-8 * size + 1e-30, $"{kind} {m}×{n}×{k} [{i}, {j}]: {c[i * ldc + j]} instead of {sum}");
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void PackedProduct_AgreesWithGemm(string level)
    {
        SimdLevel simd = Enum.Parse<SimdLevel>(level);
        Random random = new(2);
        foreach ((int m, int n, int k) in new[] { (1, 10, 128), (1, 128, 3136), (3, 33, 17), (14, 64, 64), (29, 47, 500), (128, 128, 800), (16, 1, 9), (2, 62, 1) })
        {
            foreach (bool transposed in new[] { false, true })
            {
                foreach (Activation activation in new Activation[] { default, new(ActivationKind.Relu), new(ActivationKind.Clip, -0.5f, 0.5f), new(ActivationKind.Tanh) })
                {
                    float[] a = KernelCases.Values("random", m * k, m), b = KernelCases.Values("random", k * n, n), bias = KernelCases.Values("random", n, k);
                    float[] expected = new float[m * n], actual = new float[m * (n + 2)];
                    using PackedMatrix packed = new(k, n, b, transposed, simd);
                    int split = random.Next(packed.Panels + 1);
                    fixed (float* pa = a, pb = b, pExpected = expected, pActual = actual, pBias = bias)
                    {
                        Gemm.Operation operation = new()
                        {
                            TransposeB = transposed, M = m, N = n, K = k, A = pa, Lda = k, B = pb, Ldb = transposed ? k : n, C = pExpected,
                            Ldc = n, Bias = pBias, Activation = activation,
                        };
                        Gemm.Run(ref operation, SimdLevel.Scalar);
                        packed.Multiply(m, pa, k, pActual, n + 2, pBias, activation, 0, split);
                        packed.Multiply(m, pa, k, pActual, n + 2, pBias, activation, split);
                    }
                    for (int i = 0; i < m; i++)
                    {
                        for (int j = 0; j < n; j++) Assert.Equal(expected[i * n + j], actual[i * (n + 2) + j], 2e-7 * k + 1e-6);
                        Assert.Equal(0, actual[i * (n + 2) + n]);
                    }
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Levels))]
    public void Transposition_MovesEachElement(string level)
    {
        _ = level;
        Random random = new(3);
        for (int repeat = 0; repeat < 30; repeat++)
        {
            int rows = random.Next(1, 40), columns = random.Next(1, 40);
            float[] source = KernelCases.Values("random", rows * columns, repeat), result = new float[rows * columns];
            fixed (float* s = source, r = result) Transposition.Run(rows, columns, s, columns, r, rows);
            for (int i = 0; i < rows; i++)
                for (int j = 0; j < columns; j++) Assert.Equal(source[i * columns + j], result[j * rows + i]);
        }
    }
}
