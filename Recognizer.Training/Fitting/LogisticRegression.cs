namespace Recognizer.Training.Fitting;

/// <summary>Binary logistic regression with a ridge, by Newton's method.</summary>
internal static class LogisticRegression
{
    /// <summary>Finds the weights with the least mean loss.</summary>
    /// <param name="rows">[rows, columns], about standardised; a column of ones makes a bias.</param>
    /// <param name="truth">Whether each row is of the second group.</param>
    /// <param name="columns">Number of columns.</param>
    /// <param name="ridge">Weight of half the squared norm of the weights, against the mean loss.</param>
    /// <returns>[columns]: the log-odds of the second group are the dot product with a row.</returns>
    public static double[] Fit(ReadOnlySpan<float> rows, ReadOnlySpan<bool> truth, int columns, double ridge)
    {
        var weights = new double[columns];
        double loss = Loss(rows, truth, weights, ridge);
        for (int iteration = 0; iteration < 50; iteration++)
        {
            double[] step = Step(rows, truth, weights, ridge);
            var tried = new double[columns];
            double next = double.PositiveInfinity;
            // A whole step can be too far while the curvature still changes.
            for (double part = 1; part > 1e-4 && !(next <= loss); part /= 2)
            {
                for (int i = 0; i < columns; i++) tried[i] = weights[i] - part * step[i];
                next = Loss(rows, truth, tried, ridge);
            }
            if (!(next <= loss)) break;
            weights = tried;
            if (loss - next < 1e-10) break;
            loss = next;
        }
        return weights;
    }

    private static double Dot(ReadOnlySpan<float> row, double[] weights)
    {
        double sum = 0;
        for (int i = 0; i < row.Length; i++) sum += row[i] * weights[i];
        return sum;
    }

    private static double Loss(ReadOnlySpan<float> rows, ReadOnlySpan<bool> truth, double[] weights, double ridge)
    {
        double loss = 0;
        for (int row = 0; row < truth.Length; row++)
        {
            double sum = Dot(rows.Slice(row * weights.Length, weights.Length), weights);
            if (truth[row]) sum = -sum;
            loss += sum > 0 ? sum + Math.Log(1 + Math.Exp(-sum)) : Math.Log(1 + Math.Exp(sum));
        }
        return loss / truth.Length + 0.5 * ridge * weights.Sum(w => w * w);
    }

    // Hessian⁻¹ · gradient.
    private static double[] Step(ReadOnlySpan<float> rows, ReadOnlySpan<bool> truth, double[] weights, double ridge)
    {
        int columns = weights.Length;
        var gradient = new double[columns];
        var hessian = new double[columns, columns];
        for (int row = 0; row < truth.Length; row++)
        {
            ReadOnlySpan<float> values = rows.Slice(row * columns, columns);
            double probability = 1 / (1 + Math.Exp(-Dot(values, weights))), error = (probability - (truth[row] ? 1 : 0)) / truth.Length;
            double curvature = probability * (1 - probability) / truth.Length;
            for (int i = 0; i < columns; i++)
            {
                gradient[i] += error * values[i];
                double scaled = curvature * values[i];
                for (int j = 0; j <= i; j++) hessian[i, j] += scaled * values[j];
            }
        }
        for (int i = 0; i < columns; i++)
        {
            gradient[i] += ridge * weights[i];
            hessian[i, i] += ridge;
        }
        // Cholesky: the ridge makes the matrix positive definite. L replaces the lower half, then L y = g and Lᵀ x = y.
        for (int i = 0; i < columns; i++)
        {
            for (int j = 0; j <= i; j++)
            {
                double sum = hessian[i, j];
                for (int k = 0; k < j; k++) sum -= hessian[i, k] * hessian[j, k];
                hessian[i, j] = i == j ? Math.Sqrt(Math.Max(sum, 1e-12)) : sum / hessian[j, j];
            }
        }
        for (int i = 0; i < columns; i++)
        {
            for (int k = 0; k < i; k++) gradient[i] -= hessian[i, k] * gradient[k];
            gradient[i] /= hessian[i, i];
        }
        for (int i = columns - 1; i >= 0; i--)
        {
            for (int k = i + 1; k < columns; k++) gradient[i] -= hessian[k, i] * gradient[k];
            gradient[i] /= hessian[i, i];
        }
        return gradient;
    }
}
