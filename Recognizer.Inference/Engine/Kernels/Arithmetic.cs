using System.Runtime.CompilerServices;

namespace Recognizer.Inference.Engine.Kernels;

/// <summary>Elementwise arithmetic of two operands.</summary>
internal enum ArithmeticOperation
{
    Add,
    Subtract,
    Multiply,
    Divide,
    Maximum,
    Minimum,
}

/// <summary>result = a ∘ b over operands of any layout; see <see cref="LoopNest"/>.</summary>
internal static unsafe class Arithmetic
{
    /// <summary>Operands are the nest's b and c.</summary>
    public static void Run(ArithmeticOperation operation, LoopNest nest, float* b, float* c, float* result) =>
        Run(operation, nest, b, c, result, InstructionSet.Current);

    public static void Run(ArithmeticOperation operation, LoopNest nest, float* b, float* c, float* result, SimdLevel level)
    {
        var dispatched = new Dispatched(operation, nest, b, c, result);
        InstructionSet.Dispatch(level, ref dispatched);
    }

    private readonly struct Dispatched(ArithmeticOperation operation, LoopNest nest, float* b, float* c, float* result) : ISimdOperation
    {
        public void Run<TSimd>() where TSimd : unmanaged, ISimd<TSimd>
        {
            var body = new Body<TSimd>(operation);
            nest.Run(ref body, null, b, c, result);
        }
    }

    private readonly struct Body<TSimd>(ArithmeticOperation operation) : ILoopBody where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Run(int count, float* a, nint stepA, float* b, nint stepB, float* c, nint stepC, float* result, nint stepResult)
        {
            if (stepResult == 1 && stepB is 0 or 1 && stepC is 0 or 1)
            {
                int i = 0;
                TSimd fixedB = TSimd.Broadcast(*b), fixedC = TSimd.Broadcast(*c);
                for (; i <= count - TSimd.Count; i += TSimd.Count)
                    TSimd.Store(Apply(stepB == 0 ? fixedB : TSimd.Load(b + i), stepC == 0 ? fixedC : TSimd.Load(c + i)), result + i);
                for (; i < count; i++) result[i] = Scalar(b[i * stepB], c[i * stepC]);
                return;
            }
            for (int i = 0; i < count; i++)
            {
                *result = Scalar(*b, *c);
                b += stepB;
                c += stepC;
                result += stepResult;
            }
        }

        private TSimd Apply(TSimd x, TSimd y) => operation switch
        {
            ArithmeticOperation.Add => x + y,
            ArithmeticOperation.Subtract => x - y,
            ArithmeticOperation.Multiply => x * y,
            ArithmeticOperation.Divide => x / y,
            // Max and Min of the vector types take the second operand where one is NaN; x is checked so that NaN wins either way.
            ArithmeticOperation.Maximum => TSimd.Select(TSimd.Equal(x, x), TSimd.Max(x, y), x),
            _ => TSimd.Select(TSimd.Equal(x, x), TSimd.Min(x, y), x),
        };

        private float Scalar(float x, float y) => operation switch
        {
            ArithmeticOperation.Add => x + y,
            ArithmeticOperation.Subtract => x - y,
            ArithmeticOperation.Multiply => x * y,
            ArithmeticOperation.Divide => x / y,
            ArithmeticOperation.Maximum => MathF.Max(x, y),
            _ => MathF.Min(x, y),
        };
    }
}
