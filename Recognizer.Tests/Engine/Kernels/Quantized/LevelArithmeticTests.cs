using Recognizer.Inference.Engine.Kernels.Quantized;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Tests.Engine.Kernels.Quantized;

public sealed unsafe class LevelArithmeticTests
{
    // Scales that are multiples of a power of two put many sums exactly between two levels, where a rounding more or less decides.
    [Fact]
    public void SumsOfLevelsAreTheSameWithAllInstructions()
    {
        var random = new Random(1);
        LevelSum known = new(Range(0.09411621f, 252), Range(0.049316406f, 27), Range(0.020263672f, 78), OwnIsLeft: true, -78);
        Check(known);
        for (int i = 0; i < 20; i++)
        {
            LevelRange result = Scaled();
            Check(new LevelSum(Scaled(), Scaled(), result, random.Next(2) == 0, result.Low));
        }

        LevelRange Scaled() => Range(random.Next(1, 1000) / 8192f, random.Next(256));

        static LevelRange Range(float scale, int zero) => new(scale, -zero, zero);
    }

    private static void Check(LevelSum sum)
    {
        var epilogue = new QuantizedEpilogue(sum.OwnIsLeft ? sum.Left : sum.Right, 0, sum);
        var operation = new Sums { Epilogue = epilogue };
        float[]? expected = null;
        foreach (SimdLevel level in KernelCases.Levels)
        {
            InstructionSet.Dispatch(level, ref operation);
            expected ??= operation.Result;
            Assert.Equal(expected, operation.Result);
        }
        // In the order of the definition, each step rounded once.
        float left = sum.Left.Scale / sum.Result.Scale, right = sum.Right.Scale / sum.Result.Scale;
        float constant = sum.Result.ZeroPoint - MathF.FusedMultiplyAdd(left, sum.Left.ZeroPoint, right * sum.Right.ZeroPoint);
        for (int i = 0; i < expected!.Length; i++)
        {
            (float own, float other) = ((i >> 8) + (sum.OwnIsLeft ? sum.Left : sum.Right).Low, (i & 255) + (sum.OwnIsLeft ? sum.Right : sum.Left).Low);
            (float a, float b) = sum.OwnIsLeft ? (own, other) : (other, own);
            float value = MathF.FusedMultiplyAdd(a + sum.Left.ZeroPoint, left, MathF.FusedMultiplyAdd(b + sum.Right.ZeroPoint, right, constant));
            Assert.Equal(Math.Clamp(MathF.Round(value) - sum.Result.ZeroPoint, sum.Floor, sum.Result.High), expected[i]);
        }
    }

    // All pairs of a level of each.
    private struct Sums : ISimdOperation
    {
        public QuantizedEpilogue Epilogue;
        public float[] Result;

        public void Run<TSimd>() where TSimd : unmanaged, ISimd<TSimd>
        {
            LevelSum sum = Epilogue.Sum!.Value;
            (int own, int other) = sum.OwnIsLeft ? (sum.Left.Low, sum.Right.Low) : (sum.Right.Low, sum.Left.Low);
            var arithmetic = new LevelArithmetic<TSimd>(Epilogue);
            Result = new float[1 << 16];
            float* owns = stackalloc float[16], others = stackalloc float[16];
            fixed (float* result = Result)
            {
                for (int i = 0; i < Result.Length; i += TSimd.Count)
                {
                    for (int j = 0; j < TSimd.Count; j++) (owns[j], others[j]) = ((i + j >> 8) + own, (i + j & 255) + other);
                    TSimd.Store(arithmetic.Add(TSimd.Load(owns), TSimd.Load(others)), result + i);
                }
            }
        }
    }
}
