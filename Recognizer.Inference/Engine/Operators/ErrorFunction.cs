namespace Recognizer.Inference.Engine.Operators;

/// <summary>The error function to double precision.</summary>
internal static class ErrorFunction
{
    /// <summary>erf(x) = 2/√π ∫₀ˣ exp(−t²) dt.</summary>
    public static double Erf(double x)
    {
        if (double.IsNaN(x)) return x;
        double magnitude = Math.Abs(x);
        return magnitude < 2.5 ? Series(x) : magnitude > 6 ? Math.Sign(x) : Math.Sign(x) * (1 - Complement(magnitude));
    }

    // erf(x) = 2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1·3·5·…·(2n+1)): all terms have one sign, so nothing cancels
    private static double Series(double x)
    {
        double term = x, sum = x;
        for (int n = 1; Math.Abs(term) > Math.Abs(sum) * 1e-17; n++)
        {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    // erfc(x) = exp(−x²)/√π · 1/(x + (1/2)/(x + (2/2)/(x + (3/2)/(x + …)))), evaluated from the inside
    private static double Complement(double x)
    {
        double fraction = x;
        for (int n = 80; n > 0; n--) fraction = x + n / 2.0 / fraction;
        return Math.Exp(-x * x) / (Math.Sqrt(Math.PI) * fraction);
    }
}
