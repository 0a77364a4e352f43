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

    [Theory]
    [InlineData(0f)]
    [InlineData(0.2f)]
    public void Teacher(float smoothing)
    {
        var answers = new float[2 * Classes];
        (answers[Classes + 1], answers[Classes + 4]) = (0.3f, 0.7f);
        var loss = new SoftmaxCrossEntropy(new[] { 0, 5 }, smoothing) { Teacher = answers, TeacherWeight = 0.4f };
        Check(loss, 1, p => -0.4 * (0.3 * Math.Log(p[1]) + 0.7 * Math.Log(p[4]))
            - 0.6 * Enumerable.Range(0, Classes).Sum(k => ((k == 5 ? 1 - smoothing : 0) + smoothing / Classes) * Math.Log(p[k])));
    }

    [Fact]
    public void A_teacher_is_not_asked_about_some_images()
    {
        var answers = new float[2 * Classes];
        answers[1] = answers[Classes + 1] = 1;
        var loss = new SoftmaxCrossEntropy(new[] { 3, 3 }) { Teacher = answers, TeacherWeight = 0.4f, Untaught = new[] { true, false } };
        Check(loss, 0, p => -Math.Log(p[3]));
        Check(loss, 1, p => -0.4 * Math.Log(p[1]) - 0.6 * Math.Log(p[3]));
    }

    [Fact]
    public void Group_of_classes()
    {
        var loss = new SoftmaxCrossEntropy(new[] { Classes, Classes + 1, 0 }) { Groups = [[2, 6], [0, 1, 3]] };
        Check(loss, 0, p => -Math.Log(p[2] + p[6]));
        Check(loss, 1, p => -Math.Log(p[0] + p[1] + p[3]));
        Check(loss, 2, p => -Math.Log(p[0]));
    }

    [Fact]
    public void Group_of_classes_with_smoothing_and_teacher()
    {
        var answers = new float[Classes];
        answers[6] = 1;
        var loss = new SoftmaxCrossEntropy(new[] { Classes }, 0.1f) { Groups = [[2, 6]], Teacher = answers, TeacherWeight = 0.25f };
        Check(loss, 0, p => -0.25 * Math.Log(p[6]) - 0.75 * (0.9 * Math.Log(p[2] + p[6]) + 0.1 * p.Average(Math.Log)));
    }

    [Fact]
    public void No_character_wants_all_classes_alike()
    {
        var answers = new float[Classes];
        answers[0] = 1;
        var loss = new SoftmaxCrossEntropy(new[] { Training.Differentiation.SoftmaxCrossEntropy.NoCharacter }, 0.1f) { Teacher = answers, TeacherWeight = 0.9f };
        Check(loss, 0, p => -p.Average(Math.Log));
        Assert.True(IsCorrect(loss, new float[Classes]));
        Assert.False(IsCorrect(loss, [9, 0, 0, 0, 0, 0, 0]));
    }

    [Fact]
    public void Adjustment_is_added_to_the_logits()
    {
        float[] adjustment = [0.5f, -1, 0, 2, 0, 0.25f, -0.5f];
        Check(new SoftmaxCrossEntropy(new[] { 3 }) { Adjustment = adjustment }, 0, p =>
        {
            double[] adjusted = [.. p.Zip(adjustment, (value, a) => value * Math.Exp(a))];
            return -Math.Log(adjusted[3] / adjusted.Sum());
        });
    }

    [Fact]
    public void Large_logits_do_not_overflow()
    {
        float[] logits = [1e4f, -1e4f, 9_990, 0, 0, 0, 0], gradient = new float[Classes];
        double value = new SoftmaxCrossEntropy(new[] { 1 }).Evaluate(0, logits, gradient, out _);
        Assert.Equal(2e4, value, 1e-2);
        Assert.All(gradient, g => Assert.True(float.IsFinite(g)));
        value = new SoftmaxCrossEntropy(new[] { Classes }) { Groups = [[1, 3]] }.Evaluate(0, logits, gradient, out _);
        Assert.Equal(1e4, value, 1e-2);
        Assert.All(gradient, g => Assert.True(float.IsFinite(g)));
    }

    [Fact]
    public void Ties_count_for_the_lower_index()
    {
        float[] logits = [1, 3, 3, 0, 0, 0, 0];
        Assert.True(IsCorrect(new SoftmaxCrossEntropy(new[] { 1 }), logits));
        Assert.False(IsCorrect(new SoftmaxCrossEntropy(new[] { 2 }), logits));
        Assert.True(IsCorrect(new SoftmaxCrossEntropy(new[] { Classes }) { Groups = [[1, 5]] }, logits));
        Assert.False(IsCorrect(new SoftmaxCrossEntropy(new[] { Classes }) { Groups = [[2, 5]] }, logits));
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
