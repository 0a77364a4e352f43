namespace Recognizer.Inference.Engine.Kernels;

/// <summary>A vector of floats in one register. A kernel is written once over this interface and compiled for each width; with
/// <see cref="SimdScalar"/> it is its own scalar twin.</summary>
internal unsafe interface ISimd<TSelf> where TSelf : unmanaged, ISimd<TSelf>
{
    /// <summary>Floats in the vector; a constant to the compiler.</summary>
    static abstract int Count { get; }

    static abstract TSelf Zero { get; }

    /// <summary>Reads <see cref="Count"/> floats, at any alignment.</summary>
    static abstract TSelf Load(float* source);

    /// <summary>Reads the first <paramref name="count"/> floats (0 … <see cref="Count"/>), the rest are zero.</summary>
    static virtual TSelf LoadPartial(float* source, int count)
    {
        float* buffer = stackalloc float[16];
        for (int i = 0; i < count; i++) buffer[i] = source[i];
        for (int i = count; i < TSelf.Count; i++) buffer[i] = 0;
        return TSelf.Load(buffer);
    }

    /// <summary>Writes <see cref="Count"/> floats, at any alignment.</summary>
    static abstract void Store(TSelf value, float* destination);

    /// <summary>Writes the first <paramref name="count"/> floats.</summary>
    static virtual void StorePartial(TSelf value, float* destination, int count)
    {
        float* buffer = stackalloc float[16];
        TSelf.Store(value, buffer);
        for (int i = 0; i < count; i++) destination[i] = buffer[i];
    }

    static abstract TSelf Broadcast(float value);

    static abstract TSelf operator +(TSelf a, TSelf b);

    static abstract TSelf operator -(TSelf a, TSelf b);

    static abstract TSelf operator *(TSelf a, TSelf b);

    static abstract TSelf operator /(TSelf a, TSelf b);

    /// <summary>a · b + c, rounded once where the hardware can.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>c − a · b, rounded once where the hardware can.</summary>
    static abstract TSelf NegatedMultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>The larger; where <paramref name="b"/> is NaN the result is NaN.</summary>
    static abstract TSelf Max(TSelf a, TSelf b);

    /// <summary>The smaller; where <paramref name="b"/> is NaN the result is NaN.</summary>
    static abstract TSelf Min(TSelf a, TSelf b);

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

    /// <summary>Sum of all lanes.</summary>
    static abstract float Sum(TSelf a);
}
