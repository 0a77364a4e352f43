using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Recognizer.Inference.Engine.Kernels.Simd;

/// <summary>Eight 32-bit sums of products of four bytes each with AVX-VNNI: MultiplyAdd takes unsigned bytes in a and signed bytes in b. 32-bit arithmetic is modulo 2³².</summary>
internal readonly unsafe struct Quad256 : ITileVector<Quad256>
{
    private readonly Vector256<int> _value;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Quad256(Vector256<int> value) => _value = value;

    public static int Count => 8;

    public static Quad256 Zero
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Vector256<int>.Zero);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad256 Load(float* source) => new(Vector256.Load((int*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Quad256 value, float* destination) => value._value.Store((int*)destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad256 Broadcast(float value) => new(Vector256.Create(value).AsInt32());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad256 MultiplyAdd(Quad256 a, Quad256 b, Quad256 c) => new(AvxVnni.MultiplyWideningAndAdd(c._value, a._value.AsByte(), b._value.AsSByte()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad256 Max(Quad256 a, Quad256 b) => new(Vector256.Max(a._value, b._value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Quad256 Min(Quad256 a, Quad256 b) => new(Vector256.Min(a._value, b._value));
}
