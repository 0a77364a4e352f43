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
    public void Images_of_another_mix_give_the_temperature_of_the_mix_that_is_expected()
    {
        // Scores of two classes that overlap; the model expects them equally often, the images have three times as many of the second.
        const double Temperature = 1.7;
        var random = new CounterRandom(CounterRandom.Key(4));
        var logits = new float[2 * 20_000];
        var labels = new int[20_000];
        for (int row = 0; row < labels.Length; row++)
        {
            labels[row] = row % 4 == 0 ? 0 : 1;
            // Normal with means ±1 and deviation 1: the logit of one class against the other is 2 x.
            logits[2 * row + labels[row]] = (float)Temperature * 2 * (1 + random.NextGaussian());
        }
        float[] adjustment = [MathF.Log(0.25f / 0.5f), MathF.Log(0.75f / 0.5f)];
        Assert.InRange(TemperatureScaling.Fit(logits, labels, 2, adjustment) / Temperature, 0.97, 1.03);
    }
}
