using System.Runtime.CompilerServices;
using Recognizer.Inference.Engine.Kernels.Simd;

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
    /// <summary>What the ONNX operator of this name does: Add, Sub, Mul, Div, Max or Min.</summary>
    public static ArithmeticOperation Operation(string operatorType) => operatorType switch
    {
        "Add" => ArithmeticOperation.Add,
        "Sub" => ArithmeticOperation.Subtract,
        "Mul" => ArithmeticOperation.Multiply,
        "Div" => ArithmeticOperation.Divide,
        "Max" => ArithmeticOperation.Maximum,
        _ => ArithmeticOperation.Minimum,
    };

    /// <summary>Operands are the nest's b and c.</summary>
    public static void Run(ArithmeticOperation operation, LoopNest nest, float* b, float* c, float* result) =>
        Run(operation, nest, b, c, result, InstructionSet.Current);

    public static void Run(ArithmeticOperation operation, LoopNest nest, float* b, float* c, float* result, SimdLevel level)
    {
        var dispatched = new Dispatched(operation, nest, b, c, result);
        InstructionSet.Dispatch(level, ref dispatched);
    }

    private interface IOperation<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        static abstract TSimd Apply(TSimd x, TSimd y);
    }

    private readonly struct Dispatched(ArithmeticOperation operation, LoopNest nest, float* b, float* c, float* result) : ISimdOperation
    {
        public void Run<TSimd>() where TSimd : unmanaged, ISimd<TSimd>
        {
            switch (operation)
            {
                case ArithmeticOperation.Add: Run<TSimd, Sum<TSimd>, Sum<SimdScalar>>(); break;
                case ArithmeticOperation.Subtract: Run<TSimd, Difference<TSimd>, Difference<SimdScalar>>(); break;
                case ArithmeticOperation.Multiply: Run<TSimd, Product<TSimd>, Product<SimdScalar>>(); break;
                case ArithmeticOperation.Divide: Run<TSimd, Quotient<TSimd>, Quotient<SimdScalar>>(); break;
                case ArithmeticOperation.Maximum: Run<TSimd, Larger<TSimd>, Larger<SimdScalar>>(); break;
                default: Run<TSimd, Smaller<TSimd>, Smaller<SimdScalar>>(); break;
            }
        }

        private void Run<TSimd, TVector, TScalar>()
            where TSimd : unmanaged, ISimd<TSimd>
            where TVector : struct, IOperation<TSimd>
            where TScalar : struct, IOperation<SimdScalar>
        {
            var body = new Body<TSimd, TVector, TScalar>();
            nest.Run(ref body, null, b, c, result);
        }
    }

    private readonly struct Body<TSimd, TVector, TScalar> : ILoopBody
        where TSimd : unmanaged, ISimd<TSimd>
        where TVector : struct, IOperation<TSimd>
        where TScalar : struct, IOperation<SimdScalar>
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
        public void Run(int count, float* a, nint stepA, float* b, nint stepB, float* c, nint stepC, float* result, nint stepResult)
        {
            int i = 0;
            if (stepResult == 1 && stepB == 1 && stepC == 1)
            {
                for (; i <= count - TSimd.Count; i += TSimd.Count) TSimd.Store(TVector.Apply(TSimd.Load(b + i), TSimd.Load(c + i)), result + i);
            }
            else if (stepResult == 1 && stepB == 1 && stepC == 0)
            {
                TSimd y = TSimd.Broadcast(*c);
                for (; i <= count - TSimd.Count; i += TSimd.Count) TSimd.Store(TVector.Apply(TSimd.Load(b + i), y), result + i);
            }
            else if (stepResult == 1 && stepB == 0 && stepC == 1)
            {
                TSimd x = TSimd.Broadcast(*b);
                for (; i <= count - TSimd.Count; i += TSimd.Count) TSimd.Store(TVector.Apply(x, TSimd.Load(c + i)), result + i);
            }
            for (; i < count; i++)
                SimdScalar.Store(TScalar.Apply(SimdScalar.Load(b + i * stepB), SimdScalar.Load(c + i * stepC)), result + i * stepResult);
        }
    }

    private readonly struct Sum<TSimd> : IOperation<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TSimd Apply(TSimd x, TSimd y) => x + y;
    }

    private readonly struct Difference<TSimd> : IOperation<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TSimd Apply(TSimd x, TSimd y) => x - y;
    }

    private readonly struct Product<TSimd> : IOperation<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TSimd Apply(TSimd x, TSimd y) => x * y;
    }

    private readonly struct Quotient<TSimd> : IOperation<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TSimd Apply(TSimd x, TSimd y) => x / y;
    }

    private readonly struct Larger<TSimd> : IOperation<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TSimd Apply(TSimd x, TSimd y) => TSimd.MaxOrNaN(x, y);
    }

    // Min takes y where one is NaN; x is checked so that NaN wins either way.
    private readonly struct Smaller<TSimd> : IOperation<TSimd> where TSimd : unmanaged, ISimd<TSimd>
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TSimd Apply(TSimd x, TSimd y) => TSimd.Select(TSimd.Equal(x, x), TSimd.Min(x, y), x);
    }
}
