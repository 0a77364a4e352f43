using Recognizer.Training;
using Recognizer.Training.Fitting;

namespace Recognizer.Tests.Fitting;

public class TemperatureScalingTests
{
    [Theory]
    [InlineData(0.7)]
    [InlineData(1)]
    [InlineData(2.5)]
    public void Finds_the_temperature_that_the_labels_were_drawn_with(double temperature)
    {
        const int Rows = 20_000, Classes = 5;
        var random = new CounterRandom(CounterRandom.Key(1));
        var logits = new float[Rows * Classes];
        var labels = new int[Rows];
        for (int row = 0; row < Rows; row++)
        {
            Span<float> values = logits.AsSpan(row * Classes, Classes);
            double sum = 0;
            for (int c = 0; c < Classes; c++)
            {
                values[c] = 3 * random.NextGaussian();
                sum += Math.Exp(values[c] / temperature);
            }
            double draw = random.NextDouble() * sum;
            while (labels[row] < Classes - 1 && (draw -= Math.Exp(values[labels[row]] / temperature)) > 0) labels[row]++;
        }
        Assert.InRange(TemperatureScaling.Fit(logits, labels, Classes) / temperature, 0.95, 1.05);
    }

    [Fact]
    public void Perfect_answers_do_not_ask_for_infinite_confidence() =>
        Assert.Equal(0.2, TemperatureScaling.Fit([5f, 0, 0, 5], [0, 1], 2), 3);

    [Fact]
    public void Weights_count_rows_by_class()
    {
        // Class 0 is right and sure, class 1 wrong half of the time: with all the weight on one of them it decides alone.
        float[] logits = [3, 0, 3, 0, 0, 3, 3, 0];
        int[] labels = [0, 0, 1, 1];
        Assert.Equal(TemperatureScaling.Fit(logits.AsSpan(0, 4), labels.AsSpan(0, 2), 2), TemperatureScaling.Fit(logits, labels, 2, [1, 0]), 6);
        Assert.Equal(TemperatureScaling.Fit(logits.AsSpan(4, 4), labels.AsSpan(2, 2), 2), TemperatureScaling.Fit(logits, labels, 2, [0, 1]), 6);
    }
}
