namespace Recognizer.Inference.Engine.Kernels.Simd;

/// <summary>A vector of 32-bit integers, or of twice as many of 16 bits, "pairs". MultiplyAdd multiplies the 16-bit integers of a and b and adds both
/// products of a pair to the 32-bit lane of c. 32-bit arithmetic is modulo 2³². Lanes are stored where floats would be, so that kernels which only move and
/// accumulate them work on either.</summary>
/// <typeparam name="TSelf">The vector.</typeparam>
/// <typeparam name="TSimd">As many floats.</typeparam>
internal unsafe interface IIntegerSimd<TSelf, TSimd> : ITileVector<TSelf>
    where TSelf : unmanaged, IIntegerSimd<TSelf, TSimd>
    where TSimd : unmanaged, ISimd<TSimd>
{
    static abstract TSelf operator +(TSelf a, TSelf b);

    static abstract TSelf operator -(TSelf a, TSelf b);

    /// <summary>Low 32 bits of the products.</summary>
    static abstract TSelf operator *(TSelf a, TSelf b);

    static abstract TSelf operator <<(TSelf a, int count);

    /// <summary>Fills with the sign.</summary>
    static abstract TSelf operator >>(TSelf a, int count);

    static abstract TSelf AddPairs(TSelf a, TSelf b);

    static abstract TSelf SubtractPairs(TSelf a, TSelf b);

    static abstract TSelf ShiftPairsLeft(TSelf a, int count);

    /// <summary>Reads twice Count floats that are 16-bit integers; number i comes from <see cref="IntegerSimd.Source"/>.</summary>
    static abstract TSelf Pack(float* source);

    static abstract TSimd ToFloats(TSelf a);
}

internal static class IntegerSimd
{
    /// <summary>Pairs of so many channels, whole vectors.</summary>
    public static int Pairs(int channels, int lanes) => (channels + 2 * lanes - 1) / (2 * lanes) * lanes;

    /// <summary>Which of the packed floats the 16-bit integer at a place comes from: x86 packs each 128-bit part of two vectors by itself.</summary>
    /// <param name="place">0 … 2 · lanes − 1.</param>
    /// <param name="lanes">32-bit lanes of a vector.</param>
    public static int Source(int place, int lanes)
    {
        (int part, int within) = Math.DivRem(place, 8);
        return within < 4 ? 4 * part + within : lanes + 4 * part + within - 4;
    }
}
