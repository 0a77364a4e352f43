using Recognizer.Inference.Evaluation;

namespace Recognizer.Tests.Evaluation;

public class RocCurveTests
{
    [Fact]
    public void Areas_worked_out_by_hand()
    {
        Assert.Equal(1, RocCurve.Area([0.1f, 0.2f], [0.3f, 0.9f]));
        Assert.Equal(0, RocCurve.Area([0.5f], [0.4f, 0.3f]));
        Assert.Equal(0.5, RocCurve.Area([7, 7, 7], [7, 7]));
        // Pairs: (1,2) won, (3,2) lost, (1,3) won, (3,3) tied.
        Assert.Equal(2.5 / 4, RocCurve.Area([3, 1], [2, 3]));
    }

    [Fact]
    public void Equals_counting_all_pairs()
    {
        var random = new Random(4);
        float[] negatives = [.. Enumerable.Range(0, 83).Select(_ => (float)random.Next(12))];
        float[] positives = [.. Enumerable.Range(0, 57).Select(_ => (float)random.Next(4, 16))];
        double won = negatives.Sum(n => positives.Sum(p => p > n ? 1 : p == n ? 0.5 : 0));
        Assert.Equal(won / (83 * 57), RocCurve.Area(negatives, positives), 1e-15);
        Assert.Equal(1 - won / (83 * 57), RocCurve.Area(positives, negatives), 1e-15);
    }

    [Fact]
    public void Empty_groups_and_scores_that_are_not_numbers_are_refused()
    {
        Assert.Throws<ArgumentException>(() => RocCurve.Area([], [1]));
        Assert.Throws<ArgumentException>(() => RocCurve.Area([1], []));
        Assert.Throws<ArgumentException>(() => RocCurve.Area([1, float.NaN], [1]));
    }
}
