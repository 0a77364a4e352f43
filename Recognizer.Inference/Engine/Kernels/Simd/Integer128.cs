using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Recognizer.Inference.Engine.Kernels.Simd;

/// <summary>Four lanes with SSE2, AdvSimd or whatever 128-bit vectors there are.</summary>
internal readonly unsafe struct Integer128 : IIntegerSimd<Integer128, Simd128>
{
    private readonly Vector128<int> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Integer128(Vector128<int> value) => _value = value;

    public static int Count => 4;

    public static Integer128 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector128<int>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer128 Load(float* source) => new(Vector128.Load((int*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Integer128 value, float* destination) => value._value.Store((int*)destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer128 Broadcast(float value) => new(Vector128.Create(value).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer128 MultiplyAdd(Integer128 a, Integer128 b, Integer128 c) => new(c._value + (Sse2.IsSupported
        ? Sse2.MultiplyAddAdjacent(a._value.AsInt16(), b._value.AsInt16())
        : (a._value << 16 >> 16) * (b._value << 16 >> 16) + (a._value >> 16) * (b._value >> 16)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer128 Max(Integer128 a, Integer128 b) => new(Vector128.Max(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer128 Min(Integer128 a, Integer128 b) => new(Vector128.Min(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer128 operator +(Integer128 a, Integer128 b) => new(a._value + b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer128 operator -(Integer128 a, Integer128 b) => new(a._value - b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer128 operator *(Integer128 a, Integer128 b) => new(a._value * b._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer128 operator <<(Integer128 a, int count) => new(a._value << count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer128 operator >>(Integer128 a, int count) => new(a._value >> count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer128 AddPairs(Integer128 a, Integer128 b) => new((a._value.AsInt16() + b._value.AsInt16()).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer128 SubtractPairs(Integer128 a, Integer128 b) => new((a._value.AsInt16() - b._value.AsInt16()).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer128 ShiftPairsLeft(Integer128 a, int count) => new((a._value.AsInt16() << count).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Integer128 Pack(float* source) => new(Vector128.Narrow(Vector128.ConvertToInt32Native(Vector128.Load(source)), Vector128.ConvertToInt32Native(Vector128.Load(source + 4))).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Simd128 ToFloats(Integer128 a) => new(Vector128.ConvertToSingle(a._value));
}
