namespace Recognizer.Training.Optimization;

/// <summary>Limits the size of gradients.</summary>
internal static class GradientClipping
{
    /// <summary>Scales all gradients so that their common Euclidean norm is at most <paramref name="largest"/>; returns the norm before.</summary>
    public static double ByNorm(ParameterSet parameters, double largest)
    {
        Span<float> gradients = parameters.Gradients;
        double sum = 0;
        foreach (float gradient in gradients) sum += (double)gradient * gradient;
        double norm = Math.Sqrt(sum);
        if (!(norm > largest)) return norm;
        float factor = (float)(largest / norm);
        for (int i = 0; i < gradients.Length; i++) gradients[i] *= factor;
        return norm;
    }
}
