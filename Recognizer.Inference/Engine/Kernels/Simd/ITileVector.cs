namespace Recognizer.Inference.Engine.Kernels.Simd;

/// <summary>What a register tile needs of a vector of 32-bit lanes: floats, or whatever else has a product that adds up in 32 bits.</summary>
internal unsafe interface ITileVector<TSelf> where TSelf : unmanaged, ITileVector<TSelf>
{
    /// <summary>Lanes of 32 bits; a constant to the compiler.</summary>
    static abstract int Count { get; }

    static abstract TSelf Zero { get; }

    /// <summary>Reads <see cref="Count"/> lanes, at any alignment.</summary>
    static abstract TSelf Load(float* source);

    /// <summary>Writes <see cref="Count"/> lanes, at any alignment.</summary>
    static abstract void Store(TSelf value, float* destination);

    /// <summary>The same 32 bits in every lane.</summary>
    static abstract TSelf Broadcast(float value);

    /// <summary>a · b + c; of floats rounded once where the hardware can.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>The larger; where <paramref name="b"/> is NaN the result is NaN.</summary>
    static abstract TSelf Max(TSelf a, TSelf b);

    /// <summary>The smaller; where <paramref name="b"/> is NaN the result is NaN.</summary>
    static abstract TSelf Min(TSelf a, TSelf b);
}
