using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Tests.Engine.Kernels;

public unsafe class ActivationKernelsTests
{
    public static TheoryData<string> Kinds => new(Enum.GetNames<ActivationKind>());

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Activation_IsCloseToDoublePrecision(string name)
    {
        ActivationKind kind = Enum.Parse<ActivationKind>(name);
        Activation activation = kind switch
        {
            ActivationKind.LeakyRelu => new(kind, 0.1f),
            ActivationKind.Clip => new(kind, -1, 6),
            ActivationKind.HardSigmoid => new(kind, 0.2f, 0.5f),
            ActivationKind.Scale => new(kind, 0.3f),
            // Powers of two, so that the halves fall the same way in both precisions.
            ActivationKind.Quantize => new(kind, 1 / 16f, -128),
            ActivationKind.Requantize => new(kind, 8, -128),
            _ => new(kind),
        };
        List<float> values = [0, -0f, 1, -1, 1e-30f, -1e-30f, 100, -100, 1e30f, -1e30f, 0.24999f, 0.25f, -0.25f];
        for (float x = -12; x < 12; x += 0.00731f) values.Add(x);
        foreach (SimdLevel level in KernelCases.Levels)
        {
            float[] x = [.. values], y = new float[x.Length + 1];
            fixed (float* px = x, py = y) Run(level, px, py, x.Length, activation);
            for (int i = 0; i < x.Length; i++)
            {
                double expected = Reference(x[i], activation);
                Assert.True(Math.Abs(expected - y[i]) <= 4e-7 * Math.Max(1, Math.Abs(expected)), $"{level} {kind}({x[i]}) = {y[i]} instead of {expected}");
            }
            Assert.Equal(0, y[^1]);
        }
    }

    [Fact]
    public void NaN_StaysNaN()
    {
        foreach (SimdLevel level in KernelCases.Levels)
        {
            foreach (ActivationKind kind in Enum.GetValues<ActivationKind>())
            {
                float[] x = [1, float.NaN, 2];
                fixed (float* px = x) Run(level, px, px, 3, new(kind, 0.5f, 1));
                Assert.True(float.IsNaN(x[1]), $"{level} {kind}");
            }
        }
    }

    private static void Run(SimdLevel level, float* x, float* y, int length, Activation activation)
    {
        switch (level)
        {
            case SimdLevel.Avx512: ActivationKernels.Apply<Simd512>(x, y, length, activation); break;
            case SimdLevel.Avx2: ActivationKernels.Apply<Simd256>(x, y, length, activation); break;
            case SimdLevel.Vector128: ActivationKernels.Apply<Simd128>(x, y, length, activation); break;
            default: ActivationKernels.Apply<SimdScalar>(x, y, length, activation); break;
        }
    }

    private static double Reference(double x, Activation a) => a.Kind switch
    {
        ActivationKind.Relu => Math.Max(0, x),
        ActivationKind.LeakyRelu => x < 0 ? a.Alpha * x : x,
        ActivationKind.Sigmoid => 1 / (1 + Math.Exp(-x)),
        ActivationKind.Tanh => Math.Tanh(x),
        ActivationKind.Clip => Math.Clamp(x, a.Alpha, a.Beta),
        ActivationKind.HardSigmoid => Math.Clamp(a.Alpha * x + a.Beta, 0, 1),
        ActivationKind.HardSwish => x * Math.Clamp(x / 6 + 0.5, 0, 1),
        ActivationKind.Gelu => x * NormalDistribution(x),
        ActivationKind.Scale => a.Alpha * x,
        ActivationKind.Quantize => Math.Round(Math.Clamp(x / a.Alpha, a.Beta, a.Beta + 255)),
        ActivationKind.Requantize => Math.Round(Math.Clamp(x * a.Alpha, a.Beta, a.Beta + 255)),
        _ => x,
    };

    // Simpson's rule over the density, from 0 where the integral is ½.
    private static double NormalDistribution(double x)
    {
        if (x > 9) return 1;
        if (x < -9) return 0;
        const int Steps = 400;
        double h = x / Steps, sum = 0;
        for (int i = 0; i <= Steps; i++)
        {
            double t = i * h;
            sum += Math.Exp(-t * t / 2) * (i == 0 || i == Steps ? 1 : i % 2 == 1 ? 4 : 2);
        }
        return 0.5 + sum * h / 3 / Math.Sqrt(2 * Math.PI);
    }
}
