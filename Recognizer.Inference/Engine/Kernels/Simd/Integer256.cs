using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Recognizer.Inference.Engine.Kernels.Simd;

/// <summary>Eight lanes with AVX2, and products that add up in one instruction with AVX-VNNI.</summary>
internal readonly unsafe struct Integer256 : IIntegerSimd<Integer256, Simd256>
{
    private readonly Vector256<int> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Integer256(Vector256<int> value) => _value = value;

    public static int Count => 8;

    public static Integer256 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector256<int>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer256 Load(float* source) => new(Vector256.Load((int*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Integer256 value, float* destination) => value._value.Store((int*)destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer256 Broadcast(float value) => new(Vector256.Create(value).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer256 MultiplyAdd(Integer256 a, Integer256 b, Integer256 c) => new(AvxVnni.IsSupported
        ? AvxVnni.MultiplyWideningAndAdd(c._value, a._value.AsInt16(), b._value.AsInt16())
        : c._value + Avx2.MultiplyAddAdjacent(a._value.AsInt16(), b._value.AsInt16()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer256 Max(Integer256 a, Integer256 b) => new(Vector256.Max(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer256 Min(Integer256 a, Integer256 b) => new(Vector256.Min(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer256 operator +(Integer256 a, Integer256 b) => new(a._value + b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer256 operator -(Integer256 a, Integer256 b) => new(a._value - b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer256 operator *(Integer256 a, Integer256 b) => new(a._value * b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer256 operator <<(Integer256 a, int count) => new(a._value << count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer256 operator >>(Integer256 a, int count) => new(a._value >> count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer256 AddPairs(Integer256 a, Integer256 b) => new((a._value.AsInt16() + b._value.AsInt16()).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer256 SubtractPairs(Integer256 a, Integer256 b) => new((a._value.AsInt16() - b._value.AsInt16()).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer256 ShiftPairsLeft(Integer256 a, int count) => new((a._value.AsInt16() << count).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer256 Pack(float* source) => new(Avx2.PackSignedSaturate(Avx.ConvertToVector256Int32(Vector256.Load(source)), Avx.ConvertToVector256Int32(Vector256.Load(source + 8))).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd256 ToFloats(Integer256 a) => new(Avx.ConvertToVector256Single(a._value));
}
