namespace Recognizer.Training.Optimization;

/// <summary>The learning rate as a function of the step.</summary>
internal abstract class LearningRateSchedule
{
    /// <summary>The names that <see cref="Create"/> takes.</summary>
    public static IReadOnlyList<string> Names { get; } = ["constant", "step", "cosine", "one-cycle"];

    /// <summary>Creates a schedule.</summary>
    /// <param name="name">
    /// constant; step: a tenth after one half and after three quarters of the steps; cosine: half a cosine from the largest rate to 0, after a
    /// linear rise over the first 2 % of the steps; one-cycle: a cosine rise from 1/25 of the rate over the first 30 % of the steps,
    /// then a cosine fall to 1/10,000 of the start (Smith, Topin 2018, with PyTorch's numbers).
    /// </param>
    /// <param name="largest">Largest learning rate.</param>
    /// <param name="steps">Steps of the whole training.</param>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static LearningRateSchedule Create(string name, double largest, long steps) => name switch
    {
        "constant" => new Function(_ => largest),
        "step" => new Function(step => step < steps / 2 ? largest : step < steps * 3 / 4 ? largest / 10 : largest / 100),
        "cosine" => new Function(step =>
        {
            long warm = steps / 50;
            return step < warm ? largest * (step + 1) / (warm + 1) : Between(largest, 0, (double)(step - warm) / Math.Max(1, steps - warm));
        }),
        "one-cycle" => new Function(step =>
        {
            double first = largest / 25, last = first / 1e4, peak = 0.3 * steps - 1, end = steps - 1;
            return step <= peak ? Between(first, largest, step / Math.Max(1, peak)) : Between(largest, last, (step - peak) / Math.Max(1, end - peak));
        }),
        _ => throw new ArgumentException($"There is no schedule '{name}'; there are {string.Join(", ", Names)}.", nameof(name)),
    };

    /// <summary>The rate of a step, counted from 0.</summary>
    public abstract double Rate(long step);

    // Half a cosine from one value to another.
    private static double Between(double from, double to, double share) => to + (from - to) * (1 + Math.Cos(Math.PI * Math.Clamp(share, 0, 1))) / 2;

    private sealed class Function(Func<long, double> rate) : LearningRateSchedule
    {
        public override double Rate(long step) => rate(step);
    }
}
