using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Recognizer.Inference.Engine.Kernels.Simd;

/// <summary>Vector instructions that kernels are written for, from narrow to wide.</summary>
internal enum SimdLevel
{
    /// <summary>One float at a time: the twin that every vector kernel is held to.</summary>
    Scalar,

    /// <summary>Four floats: SSE4 or AdvSimd.</summary>
    Vector128,

    /// <summary>Eight floats with fused multiply-add.</summary>
    Avx2,

    /// <summary>Sixteen floats and 32 registers.</summary>
    Avx512,
}

/// <summary>Chooses the instructions that kernels run with.</summary>
internal static class InstructionSet
{
    /// <summary>Environment variable that lowers <see cref="Current"/>: scalar, vector128, avx2 or avx512.</summary>
    public const string Variable = "RECOGNIZER_INSTRUCTION_SET";

    /// <summary>The widest level that the processor and the runtime's switches allow.</summary>
    public static readonly SimdLevel Supported = Detect();

    /// <summary>The level in use: <see cref="Supported"/> unless <see cref="Variable"/> asks for less.</summary>
    public static readonly SimdLevel Current = Limit(Supported, Environment.GetEnvironmentVariable(Variable));

    /// <summary>Floats in a vector of a level.</summary>
    public static int Count(SimdLevel level) => level switch { SimdLevel.Avx512 => 16, SimdLevel.Avx2 => 8, SimdLevel.Vector128 => 4, _ => 1 };

    /// <summary>Calls an operation with the vector type of a level.</summary>
    public static void Dispatch<TOperation>(SimdLevel level, ref TOperation operation) where TOperation : struct, ISimdOperation
    {
        switch (level)
        {
            case SimdLevel.Avx512: operation.Run<Simd512>(); break;
            case SimdLevel.Avx2: operation.Run<Simd256>(); break;
            case SimdLevel.Vector128: operation.Run<Simd128>(); break;
            default: operation.Run<SimdScalar>(); break;
        }
    }

    /// <summary>Lowers a level to the one that a text names; never raises it.</summary>
    /// <exception cref="ArgumentException">The text names no level.</exception>
    internal static SimdLevel Limit(SimdLevel supported, string? text)
    {
        if (string.IsNullOrWhiteSpace(text)) return supported;
        if (!Enum.TryParse(text.Trim(), ignoreCase: true, out SimdLevel wanted) || !Enum.IsDefined(wanted))
            throw new ArgumentException($"{Variable} is '{text}'; expected scalar, vector128, avx2 or avx512.");
        return wanted < supported ? wanted : supported;
    }

    private static SimdLevel Detect()
    {
        if (Vector512.IsHardwareAccelerated && Avx512F.IsSupported && Avx512DQ.IsSupported) return SimdLevel.Avx512;
        if (Vector256.IsHardwareAccelerated && Avx2.IsSupported && Fma.IsSupported) return SimdLevel.Avx2;
        return Vector128.IsHardwareAccelerated ? SimdLevel.Vector128 : SimdLevel.Scalar;
    }
}

/// <summary>Something that is done with the vector type that <see cref="InstructionSet.Dispatch"/> picks.</summary>
internal interface ISimdOperation
{
    void Run<TSimd>() where TSimd : unmanaged, ISimd<TSimd>;
}
