using Recognizer.Inference.Onnx;
using Recognizer.Training.Optimization;

namespace Recognizer.Tests.Optimization;

public class OptimizerTests
{
    private static ParameterSet Parameters(bool decayed = true)
    {
        var graph = new Graph();
        graph.Initializers.Add("a", Tensor.Vector(1f, -2f, 0.5f));
        graph.Initializers.Add("b", Tensor.Vector([.. Enumerable.Range(0, 37).Select(i => i / 10f)]));
        return new ParameterSet(graph, [("a", decayed), ("b", false)]);
    }

    private static void FillGradients(ParameterSet parameters, int step)
    {
        foreach (Parameter parameter in parameters.Parameters)
        {
            Span<float> gradient = parameters.Gradient(parameter);
            for (int i = 0; i < gradient.Length; i++) gradient[i] = MathF.Sin(i + 3 * step + parameter.Offset);
        }
    }

    // The formulas in double precision, one element at a time.
    private static double[] Reference(string name, float[] start, bool decayed, double rate, double decay, int steps, int offset)
    {
        double[] weights = [.. start.Select(w => (double)w)], m = new double[start.Length], v = new double[start.Length];
        if (!decayed) decay = 0;
        for (int step = 0; step < steps; step++)
        {
            for (int i = 0; i < start.Length; i++)
            {
                double gradient = MathF.Sin(i + 3 * step + offset);
                if (name != "adamw") gradient += decay * weights[i];
                if (name == "sgd")
                {
                    m[i] = 0.9 * m[i] + gradient;
                    weights[i] -= rate * (gradient + 0.9 * m[i]);
                    continue;
                }
                if (name == "adamw") weights[i] -= rate * decay * weights[i];
                m[i] = 0.9 * m[i] + 0.1 * gradient;
                v[i] = 0.999 * v[i] + 0.001 * gradient * gradient;
                weights[i] -= rate * (m[i] / (1 - Math.Pow(0.9, step + 1))) / (Math.Sqrt(v[i] / (1 - Math.Pow(0.999, step + 1))) + 1e-8);
            }
        }
        return weights;
    }

    [Theory]
    [InlineData("adam")]
    [InlineData("adamw")]
    [InlineData("sgd")]
    public void Follows_its_formula(string name)
    {
        using ParameterSet parameters = Parameters();
        var start = parameters.Parameters.ToDictionary(p => p.Name, p => parameters.Value(p).ToArray());
        Optimizer optimizer = Optimizer.Create(name, parameters, weightDecay: 0.1f);
        for (int step = 0; step < 20; step++)
        {
            FillGradients(parameters, step);
            optimizer.Step(0.01f, step);
        }
        foreach (Parameter parameter in parameters.Parameters)
        {
            double[] expected = Reference(name, start[parameter.Name], parameter.Decayed, 0.01, 0.1, 20, parameter.Offset);
            float[] actual = parameters.Value(parameter).ToArray();
            for (int i = 0; i < expected.Length; i++) Assert.InRange(actual[i] - expected[i], -2e-5, 2e-5);
        }
    }

    [Fact]
    public void Gaps_between_parameters_stay_zero()
    {
        using ParameterSet parameters = Parameters();
        Optimizer optimizer = Optimizer.Create("adamw", parameters, 0.1f);
        FillGradients(parameters, 0);
        optimizer.Step(0.1f, 0);
        Assert.All(parameters.Values[3..16].ToArray(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Unknown_names_are_refused()
    {
        using ParameterSet parameters = Parameters();
        Assert.Contains("adamw", Assert.Throws<ArgumentException>(() => Optimizer.Create("lion", parameters, 0)).Message, StringComparison.Ordinal);
        Assert.Contains("one-cycle", Assert.Throws<ArgumentException>(() => LearningRateSchedule.Create("lion", 1, 10)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Schedules_start_peak_and_end_where_they_should()
    {
        LearningRateSchedule cycle = LearningRateSchedule.Create("one-cycle", 1, 1000);
        Assert.Equal(1 / 25.0, cycle.Rate(0), 6);
        Assert.Equal(1, cycle.Rate(299), 6);
        Assert.Equal(4e-6, cycle.Rate(999), 6);
        LearningRateSchedule cosine = LearningRateSchedule.Create("cosine", 1, 1000);
        Assert.InRange(cosine.Rate(0), 0.01, 0.1);
        Assert.Equal(1, cosine.Rate(20), 6);
        Assert.InRange(cosine.Rate(999), 0, 1e-4);
        LearningRateSchedule step = LearningRateSchedule.Create("step", 1, 1000);
        Assert.Equal([1, 0.1, 0.01], new[] { step.Rate(499), step.Rate(500), step.Rate(750) });
        Assert.Equal(1, LearningRateSchedule.Create("constant", 1, 5).Rate(4));
        foreach (string name in LearningRateSchedule.Names)
        {
            // A run of one step must not divide by nothing.
            Assert.InRange(LearningRateSchedule.Create(name, 1, 1).Rate(0), 1e-9, 1);
        }
    }

    [Fact]
    public void Clipping_keeps_the_direction()
    {
        using ParameterSet parameters = Parameters();
        FillGradients(parameters, 1);
        float[] before = parameters.Gradients.ToArray();
        double norm = GradientClipping.ByNorm(parameters, 1);
        Assert.Equal(Math.Sqrt(before.Sum(g => (double)g * g)), norm, 6);
        Assert.Equal(1, Math.Sqrt(parameters.Gradients.ToArray().Sum(g => (double)g * g)), 5);
        Assert.Equal(before[20] / norm, parameters.Gradients[20], 6);
        Assert.Equal(1, GradientClipping.ByNorm(parameters, 5), 5);
    }

    [Fact]
    public void Average_moves_by_its_share()
    {
        float[] average = [.. Enumerable.Range(0, 21).Select(i => (float)i)], value = [.. average.Select(a => a + 1)];
        MovingAverage.Update(average, value, 0.75f);
        for (int i = 0; i < average.Length; i++) Assert.Equal(i + 0.25f, average[i], 5);
    }
}
