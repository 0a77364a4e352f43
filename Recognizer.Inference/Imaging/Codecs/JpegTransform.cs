using System.Runtime.Intrinsics;

namespace Recognizer.Inference.Imaging.Codecs;

/// <summary>Inverse discrete cosine transform of 8×8 blocks.</summary>
internal static class JpegTransform
{
    // [frequency, position]: cos((2·position + 1)·frequency·π/16) / 2, the first row times √½
    private static readonly float[] s_basis = MakeBasis();

    private static float[] MakeBasis()
    {
        var basis = new float[64];
        for (int u = 0; u < 8; u++)
            for (int x = 0; x < 8; x++)
                basis[u * 8 + x] = (float)(Math.Cos((2 * x + 1) * u * Math.PI / 16) * (u == 0 ? Math.Sqrt(0.125) : 0.5));
        return basis;
    }

    /// <summary>sample[y, x] = 128 + Σ coefficient[v, u]·table[v, u]·basis[v, y]·basis[u, x], rounded and held to 0…255. Zero coefficients,
    /// which most are, cost nothing: the sum goes row by row over those that aren't.</summary>
    public static void Inverse(ReadOnlySpan<short> coefficients, ReadOnlySpan<ushort> table, Span<byte> samples, int stride)
    {
        if (coefficients[1..].IndexOfAnyExcept((short)0) < 0)
        {
            byte flat = (byte)Math.Clamp((int)MathF.Floor(coefficients[0] * table[0] * 0.125f + 128.5f), 0, 255);
            for (int y = 0; y < 8; y++) samples.Slice(y * stride, 8).Fill(flat);
            return;
        }
        ReadOnlySpan<float> basis = s_basis;
        Vector256<float> r0 = default, r1 = default, r2 = default, r3 = default, r4 = default, r5 = default, r6 = default, r7 = default;
        for (int v = 0; v < 8; v++)
        {
            var row = coefficients.Slice(v * 8, 8);
            if (row.IndexOfAnyExcept((short)0) < 0) continue;
            var sum = Vector256<float>.Zero;
            for (int u = 0; u < 8; u++)
                if (row[u] != 0) sum += Vector256.Create((float)(row[u] * table[v * 8 + u])) * Vector256.Create(basis.Slice(u * 8, 8));
            var vertical = basis.Slice(v * 8, 8);
            r0 += sum * vertical[0];
            r1 += sum * vertical[1];
            r2 += sum * vertical[2];
            r3 += sum * vertical[3];
            r4 += sum * vertical[4];
            r5 += sum * vertical[5];
            r6 += sum * vertical[6];
            r7 += sum * vertical[7];
        }
        Store(r0, samples);
        Store(r1, samples[stride..]);
        Store(r2, samples[(2 * stride)..]);
        Store(r3, samples[(3 * stride)..]);
        Store(r4, samples[(4 * stride)..]);
        Store(r5, samples[(5 * stride)..]);
        Store(r6, samples[(6 * stride)..]);
        Store(r7, samples[(7 * stride)..]);
    }

    private static void Store(Vector256<float> values, Span<byte> samples)
    {
        values = Vector256.Min(Vector256.Max(values + Vector256.Create(128.5f), Vector256<float>.Zero), Vector256.Create(255f));
        var integers = Vector256.ConvertToInt32(values); // towards zero, after adding a half
        var shorts = Vector128.Narrow(integers.GetLower(), integers.GetUpper());
        Vector128.Narrow(shorts, shorts).AsByte().GetLower().CopyTo(samples);
    }
}
