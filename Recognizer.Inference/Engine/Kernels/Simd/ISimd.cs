using System.Runtime.CompilerServices;

namespace Recognizer.Inference.Engine.Kernels.Simd;

/// <summary>A vector of floats in one register. A kernel is written once over this interface and compiled for each width; with
/// <see cref="SimdScalar"/> it is its own scalar twin.</summary>
internal unsafe interface ISimd<TSelf> : ITileVector<TSelf> where TSelf : unmanaged, ISimd<TSelf>
{
    /// <summary>Reads the first <paramref name="count"/> floats (0 … Count), the rest are zero.</summary>
    static virtual TSelf LoadPartial(float* source, int count)
    {
        float* buffer = stackalloc float[16];
        for (int i = 0; i < count; i++) buffer[i] = source[i];
        for (int i = count; i < TSelf.Count; i++) buffer[i] = 0;
        return TSelf.Load(buffer);
    }

    /// <summary>Writes the first <paramref name="count"/> floats.</summary>
    static virtual void StorePartial(TSelf value, float* destination, int count)
    {
        float* buffer = stackalloc float[16];
        TSelf.Store(value, buffer);
        for (int i = 0; i < count; i++) destination[i] = buffer[i];
    }

    static abstract TSelf operator +(TSelf a, TSelf b);

    static abstract TSelf operator -(TSelf a, TSelf b);

    static abstract TSelf operator *(TSelf a, TSelf b);

    static abstract TSelf operator /(TSelf a, TSelf b);

    /// <summary>a · b + c, rounded once on all hardware; slow where it has no instruction for it.</summary>
    static virtual TSelf FusedMultiplyAdd(TSelf a, TSelf b, TSelf c) => TSelf.MultiplyAdd(a, b, c);

    /// <summary>c − a · b, rounded once where the hardware can.</summary>
    static abstract TSelf NegatedMultiplyAdd(TSelf a, TSelf b, TSelf c);

    static abstract TSelf Sqrt(TSelf a);

    static abstract TSelf Abs(TSelf a);

    /// <summary>To the nearest integer, halves to even.</summary>
    static abstract TSelf Round(TSelf a);

    /// <summary>2 to the power of an integral value between −126 and 127.</summary>
    static abstract TSelf PowerOfTwo(TSelf exponent);

    /// <summary>All bits set in lanes where a &gt; b; false for NaN.</summary>
    static abstract TSelf GreaterThan(TSelf a, TSelf b);

    /// <summary>All bits set in lanes where a = b; false for NaN.</summary>
    static abstract TSelf Equal(TSelf a, TSelf b);

    /// <summary>Lanes of <paramref name="a"/> where the mask's bits are set, else of <paramref name="b"/>.</summary>
    static abstract TSelf Select(TSelf mask, TSelf a, TSelf b);

    /// <summary>The larger; NaN where either is NaN, which is why <paramref name="a"/> is checked.</summary>
    // The default of an interface isn't inlined by itself; a call would double the time of a first layer.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static virtual TSelf MaxOrNaN(TSelf a, TSelf b) => TSelf.Select(TSelf.Equal(a, a), TSelf.Max(a, b), a);

    /// <summary>Sum of all lanes.</summary>
    static abstract float Sum(TSelf a);
}
