namespace Recognizer.Training.Fitting;

/// <summary>Hears how training goes.</summary>
internal interface ITrainingProgress
{
    /// <summary>A fact worth a line.</summary>
    void Message(string text);

    /// <summary>A step is done.</summary>
    /// <param name="epoch">Number of the epoch, from 1.</param>
    /// <param name="images">Images seen in this epoch.</param>
    /// <param name="of">Images in an epoch.</param>
    /// <param name="loss">Mean loss so far in this epoch.</param>
    /// <param name="accuracy">Share of images so far in this epoch that were right when seen.</param>
    void Step(int epoch, int images, int of, double loss, double accuracy);

    /// <summary>An epoch is done.</summary>
    void Epoch(EpochResult result);
}

/// <summary>An epoch that is done.</summary>
/// <param name="Epoch">Number, from 1.</param>
/// <param name="TrainLoss">Mean loss over the epoch's images, as varied and smoothed.</param>
/// <param name="TrainAccuracy">Share of images that were right when seen.</param>
/// <param name="ValidationLoss">Log-loss on the images held back, or null where there are none.</param>
/// <param name="ValidationAccuracy">Accuracy on them.</param>
/// <param name="LearningRate">At the end of the epoch.</param>
/// <param name="Images">Images seen.</param>
/// <param name="Seconds">Time for training, without validation.</param>
/// <param name="IsBest">Whether validation was better than in all epochs before.</param>
internal sealed record EpochResult(int Epoch, double TrainLoss, double TrainAccuracy, double? ValidationLoss, double? ValidationAccuracy, double LearningRate, int Images, double Seconds, bool IsBest)
{
    public double ImagesPerSecond => Seconds > 0 ? Images / Seconds : 0;
}
