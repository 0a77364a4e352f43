using System.Runtime.CompilerServices;

namespace Recognizer.Inference.Engine.Kernels.Simd;

/// <summary>One lane with no vector instruction.</summary>
internal readonly unsafe struct IntegerScalar : IIntegerSimd<IntegerScalar, SimdScalar>
{
    private readonly int _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private IntegerScalar(int value) => _value = value;

    public static int Count => 1;

    public static IntegerScalar Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerScalar Load(float* source) => new(*(int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(IntegerScalar value, float* destination) => *(int*)destination = value._value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerScalar Broadcast(float value) => new(BitConverter.SingleToInt32Bits(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerScalar MultiplyAdd(IntegerScalar a, IntegerScalar b, IntegerScalar c) => new(unchecked(c._value + (short)a._value * (short)b._value + (a._value >> 16) * (b._value >> 16)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerScalar Max(IntegerScalar a, IntegerScalar b) => new(Math.Max(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerScalar Min(IntegerScalar a, IntegerScalar b) => new(Math.Min(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerScalar operator +(IntegerScalar a, IntegerScalar b) => new(unchecked(a._value + b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerScalar operator -(IntegerScalar a, IntegerScalar b) => new(unchecked(a._value - b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerScalar operator *(IntegerScalar a, IntegerScalar b) => new(unchecked(a._value * b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerScalar operator <<(IntegerScalar a, int count) => new(a._value << count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerScalar operator >>(IntegerScalar a, int count) => new(a._value >> count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerScalar AddPairs(IntegerScalar a, IntegerScalar b) => Pair(a._value + b._value, (a._value >> 16) + (b._value >> 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerScalar SubtractPairs(IntegerScalar a, IntegerScalar b) => Pair(a._value - b._value, (a._value >> 16) - (b._value >> 16));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerScalar ShiftPairsLeft(IntegerScalar a, int count) => Pair(a._value << count, (a._value >> 16) << count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static IntegerScalar Pack(float* source) => Pair((int)source[0], (int)source[1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SimdScalar ToFloats(IntegerScalar a) => new(a._value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static IntegerScalar Pair(int low, int high) => new(low & 0xFFFF | high << 16);
}
