using Recognizer.Training;
using Recognizer.Training.Differentiation;

namespace Recognizer.Tests.Differentiation;

/// <summary>Losses and their gradients against formulas written out in double precision.</summary>
public class LossTests
{
    private const int Classes = 7;

    [Theory]
    [InlineData(0f)]
    [InlineData(0.1f)]
    public void SoftmaxCrossEntropy(float smoothing)
    {
        var loss = new SoftmaxCrossEntropy(new[] { 3, 5 }, smoothing);
        Check(loss, 1, p => -Enumerable.Range(0, Classes).Sum(k => ((k == 5 ? 1 - smoothing : 0) + smoothing / Classes) * Math.Log(p[k])));
    }

    [Fact]
    public void SoftTargetCrossEntropy()
    {
        var targets = new float[2 * Classes];
        (targets[Classes + 1], targets[Classes + 4]) = (0.3f, 0.7f);
        Check(new SoftTargetCrossEntropy(targets), 1, p => -0.3 * Math.Log(p[1]) - 0.7 * Math.Log(p[4]));
    }

    [Fact]
    public void PartialLabelLoss()
    {
        var loss = new PartialLabelLoss(new[] { 1, 0 }, [[2, 6], [0]]);
        Check(loss, 1, p => -Math.Log(p[2] + p[6]));
        Check(loss, 0, p => -Math.Log(p[0]));
    }

    [Fact]
    public void Large_logits_do_not_overflow()
    {
        float[] logits = [1e4f, -1e4f, 9_990, 0, 0, 0, 0], gradient = new float[Classes];
        double value = new SoftmaxCrossEntropy(new[] { 1 }).Evaluate(0, logits, gradient, out _);
        Assert.Equal(2e4, value, 1e-2);
        Assert.All(gradient, g => Assert.True(float.IsFinite(g)));
        value = new PartialLabelLoss(new[] { 0 }, [[1, 3]]).Evaluate(0, logits, gradient, out _);
        Assert.Equal(1e4, value, 1e-2);
        Assert.All(gradient, g => Assert.True(float.IsFinite(g)));
    }

    [Fact]
    public void Ties_count_for_the_lower_index()
    {
        float[] logits = [1, 3, 3, 0, 0, 0, 0];
        Assert.True(IsCorrect(new SoftmaxCrossEntropy(new[] { 1 }), logits));
        Assert.False(IsCorrect(new SoftmaxCrossEntropy(new[] { 2 }), logits));
        Assert.True(IsCorrect(new PartialLabelLoss(new[] { 0 }, [[1, 5]]), logits));
        Assert.False(IsCorrect(new PartialLabelLoss(new[] { 0 }, [[2, 5]]), logits));
    }

    private static bool IsCorrect(Loss loss, float[] logits)
    {
        loss.Evaluate(0, logits, new float[logits.Length], out bool correct);
        return correct;
    }

    private static void Check(Loss loss, int row, Func<double[], double> formula)
    {
        var random = new CounterRandom(CounterRandom.Key(1));
        float[] logits = new float[Classes], gradient = new float[Classes];
        for (int k = 0; k < Classes; k++) logits[k] = 2 * random.NextGaussian();
        double value = loss.Evaluate(row, logits, gradient, out _);
        double[] exact = Array.ConvertAll(logits, v => (double)v);
        Assert.Equal(formula(Softmax(exact)), value, 1e-5);
        for (int k = 0; k < Classes; k++)
        {
            double before = exact[k];
            exact[k] = before + 1e-5;
            double above = formula(Softmax(exact));
            exact[k] = before - 1e-5;
            double below = formula(Softmax(exact));
            exact[k] = before;
            Assert.Equal((above - below) / 2e-5, gradient[k], 1e-5);
        }
    }

    private static double[] Softmax(double[] logits)
    {
        double[] p = Array.ConvertAll(logits, Math.Exp);
        double sum = p.Sum();
        return Array.ConvertAll(p, v => v / sum);
    }
}
