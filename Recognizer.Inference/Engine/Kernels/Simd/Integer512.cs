using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Recognizer.Inference.Engine.Kernels.Simd;

/// <summary>Sixteen lanes with AVX-512.</summary>
internal readonly unsafe struct Integer512 : IIntegerSimd<Integer512, Simd512>
{
    private readonly Vector512<int> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Integer512(Vector512<int> value) => _value = value;

    public static int Count => 16;

    public static Integer512 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector512<int>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer512 Load(float* source) => new(Vector512.Load((int*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Integer512 value, float* destination) => value._value.Store((int*)destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer512 Broadcast(float value) => new(Vector512.Create(value).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer512 MultiplyAdd(Integer512 a, Integer512 b, Integer512 c) => new(c._value + Avx512BW.MultiplyAddAdjacent(a._value.AsInt16(), b._value.AsInt16()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer512 Max(Integer512 a, Integer512 b) => new(Vector512.Max(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer512 Min(Integer512 a, Integer512 b) => new(Vector512.Min(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer512 operator +(Integer512 a, Integer512 b) => new(a._value + b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer512 operator -(Integer512 a, Integer512 b) => new(a._value - b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer512 operator *(Integer512 a, Integer512 b) => new(a._value * b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer512 operator <<(Integer512 a, int count) => new(a._value << count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer512 operator >>(Integer512 a, int count) => new(a._value >> count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer512 AddPairs(Integer512 a, Integer512 b) => new((a._value.AsInt16() + b._value.AsInt16()).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer512 SubtractPairs(Integer512 a, Integer512 b) => new((a._value.AsInt16() - b._value.AsInt16()).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer512 ShiftPairsLeft(Integer512 a, int count) => new((a._value.AsInt16() << count).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer512 Pack(float* source) => new(Avx512BW.PackSignedSaturate(Avx512F.ConvertToVector512Int32(Vector512.Load(source)), Avx512F.ConvertToVector512Int32(Vector512.Load(source + 16))).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd512 ToFloats(Integer512 a) => new(Avx512F.ConvertToVector512Single(a._value));
}
