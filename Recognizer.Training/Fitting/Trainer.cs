using System.Diagnostics;
using System.Text.Json;
using Recognizer.Inference;
using Recognizer.Inference.Onnx;
using Recognizer.Training.Augmentation;
using Recognizer.Training.Differentiation;
using Recognizer.Training.Optimization;

namespace Recognizer.Training.Fitting;

/// <summary>The training loop over one graph. What it computes depends on graph, data and configuration only: it can be saved after any epoch
/// and goes on from there with the same bits.</summary>
internal sealed class Trainer : IDisposable
{
    /// <summary>Values that live in memory of their owner.</summary>
    private delegate Span<float> View();

    private readonly Graph _graph;
    private readonly TrainingData _data;
    private readonly TrainingConfig _config;
    private readonly int _threads;
    private readonly int _batchSize;
    private readonly ITrainingPlan _plan;
    private readonly Optimizer _optimizer;
    private readonly LearningRateSchedule _schedule;
    private readonly float[] _average;
    private readonly float[][] _averageStatistics;
    private readonly List<string> _history = [];
    private float[]? _kept;
    private float[][]? _keptStatistics;
    private readonly float[] _adjustment;
    private readonly AugmentationOptions _augmentation;
    private readonly AugmentationOptions _finalAugmentation;
    private readonly PaintedCharacters? _painted;
    private readonly Teachers? _teachers;
    private BatchSource? _batches;
    private long _step;

    /// <summary>Prepares training.</summary>
    /// <param name="graph">The network, with its first weights and labels.</param>
    /// <param name="data">What to train on.</param>
    /// <param name="config">How.</param>
    /// <param name="threads">Threads; results don't depend on it.</param>
    /// <param name="createPlan">What computes the gradients; null for the engine.</param>
    public Trainer(Graph graph, TrainingData data, TrainingConfig config, int threads, Func<Graph, TrainingPlanOptions, ITrainingPlan>? createPlan = null)
    {
        _graph = graph;
        _data = data;
        _config = config;
        _threads = threads;
        createPlan ??= static (graph, options) => new TrainingPlan(graph, options);
        // No batch is larger than the set.
        _batchSize = Math.Min(config.BatchSize, data.Train.Length);
        _plan = createPlan(graph, new TrainingPlanOptions { BatchSize = _batchSize, Threads = threads, Winograd = config.Winograd ?? true, Frozen = TrainableGraph.Frozen(graph, config.Freeze) });
        _optimizer = Optimizer.Create(config.Optimizer, _plan.Parameters, (float)config.WeightDecay);
        StepsPerEpoch = (data.Train.Length + _batchSize - 1) / _batchSize;
        _schedule = LearningRateSchedule.Create(config.Schedule, config.LearningRate, (long)StepsPerEpoch * config.Epochs);
        double[]? use = ClassFrequencies.Of(config.ClassFrequencies, data.Labels);
        double[] images = data.TrainingFrequencies();
        _adjustment = ClassFrequencies.Adjustment(images, use);
        HeldBack = new HeldBackImages(data, use);
        _painted = Painted(config, data);
        if (config.Teachers.Count > 0) _teachers = new Teachers(config.Teachers, data.Labels, _batchSize, images, _adjustment, threads);
        _augmentation = AugmentationOptions.Parse(config.Augment);
        _finalAugmentation = AugmentationOptions.Parse(config.FinalAugment);
        _average = _plan.Parameters.Values.ToArray();
        _averageStatistics = [.. _plan.Statistics.Select(s => s.Values.ToArray())];
    }

    public int StepsPerEpoch { get; }

    /// <summary>What epochs are measured on.</summary>
    public HeldBackImages HeldBack { get; }

    /// <summary>Finished epochs.</summary>
    public int Epoch { get; private set; }

    /// <summary>The epoch, from 1, that is best on the images held back; 0 before the first.</summary>
    public int BestEpoch { get; private set; }

    /// <summary>The epoch, from 1, whose weights are the result so far; 0 before the first.</summary>
    public int KeptEpoch => _config.Keep == "last" ? Epoch : BestEpoch;

    /// <summary>Validation accuracy of the best epoch.</summary>
    public double BestAccuracy { get; private set; }

    /// <summary>Validation log-loss of the best epoch.</summary>
    public double BestLoss { get; private set; }

    /// <summary>A JSON object per finished epoch.</summary>
    public IReadOnlyList<string> History => _history;

    /// <summary>Whether all epochs are done or validation has stopped to improve.</summary>
    public bool IsFinished => Epoch >= _config.Epochs || (_config.Patience > 0 && BestEpoch > 0 && Epoch - BestEpoch >= _config.Patience);

    /// <summary>Trains one epoch and measures it on the images held back.</summary>
    /// <exception cref="OperationCanceledException">Stopped between two steps; the trainer is then of no further use.</exception>
    /// <exception cref="DivergedException">The loss is no longer a number.</exception>
    public EpochResult RunEpoch(ITrainingProgress progress, CancellationToken cancellation)
    {
        _batches ??= new BatchSource(_data.Images, _data.Train, _batchSize, Augmentation, _config.Seed, Epoch, _config.Epochs, _config.Marks,
            _config.Layout, clean: _teachers is not null, painted: _painted, isAlphanumeric: Alphabet.AreAlphanumeric(_data.Labels));
        double loss = 0, rate = 0;
        int correct = 0, images = 0;
        var watch = Stopwatch.StartNew();
        for (int step = 0; step < StepsPerEpoch; step++)
        {
            cancellation.ThrowIfCancellationRequested();
            Batch batch = _batches.Next(cancellation);
            Span<float> pixels = batch.Images.AsSpan(0, batch.Count * Datasets.DatasetPart.PixelsPerImage);
            // What a teacher makes of the whole character is the answer wanted for what is left of it.
            _teachers?.Ask(batch.Clean, batch.Count);
            var target = new SoftmaxCrossEntropy(batch.Labels, (float)_config.LabelSmoothing)
            {
                Groups = _data.Groups,
                Adjustment = _adjustment,
                Teacher = _teachers?.Probabilities ?? default,
                TeacherWeight = (float)_config.Distillation,
                Untaught = batch.Painted,
            };
            // Running statistics that start from nothing take the first batch's, and forget it as fast as the average of the weights does: those of other weights are of no use. Where a file
            // has them, a small share of its own (a hundredth, as in Keras) would keep those of its old weights for hundreds of steps.
            float leastMomentum = _config.StartsFromFile || _config.InitialFiles.Any() ? 0.1f : 9f / (9 + _step);
            StepResult result = _plan.Step(pixels, batch.Count, target, CounterRandom.Key(_config.Seed, 0xD0, (ulong)_step), leastMomentum);
            if (!double.IsFinite(result.Loss)) throw new DivergedException(Epoch + 1, step + 1);
            if (_config.GradientClipping > 0) GradientClipping.ByNorm(_plan.Parameters, (float)_config.GradientClipping);
            rate = _schedule.Rate(_step);
            _optimizer.Step((float)rate, _step);
            _step++;
            UpdateAverage();
            images += batch.Count;
            loss += result.Loss * batch.Count;
            correct += result.Correct;
            _batches.Return(batch);
            progress.Step(Epoch + 1, images, _data.Train.Length, loss / images, (double)correct / images);
        }
        double seconds = watch.Elapsed.TotalSeconds;
        Epoch++;

        (double Accuracy, double LogLoss)? validation = HeldBack.Count > 0 ? MeasureHeldBack(cancellation) : null;
        if (!double.IsFinite(validation?.LogLoss ?? 0)) throw new DivergedException(Epoch, StepsPerEpoch);
        bool best = validation is not (double accuracy, double logLoss) || BestEpoch == 0 || accuracy > BestAccuracy || (accuracy == BestAccuracy && logLoss < BestLoss);
        if (best)
        {
            BestEpoch = Epoch;
            BestAccuracy = validation?.Accuracy ?? 0;
            BestLoss = validation?.LogLoss ?? 0;
        }
        if (KeptEpoch == Epoch)
        {
            _kept = Weights().ToArray();
            _keptStatistics = [.. Enumerable.Range(0, _averageStatistics.Length).Select(i => Statistics(i).ToArray())];
        }
        var epoch = new EpochResult(Epoch, loss / images, (double)correct / images, validation?.LogLoss, validation?.Accuracy, rate, images, seconds, best);
        _history.Add(ToLine(epoch));
        return epoch;
    }

    /// <summary>A graph as recogniser, with the threads of the training.</summary>
    public CharacterRecognizer Load(Graph graph) => CharacterRecognizer.Load(graph, ReproduciblePlan.Recognizer(_threads));

    /// <summary>Measures a graph on the images held back whose class is known.</summary>
    public ModelEvaluation Validate(Graph graph, CancellationToken cancellation)
    {
        using CharacterRecognizer model = Load(graph);
        return ModelEvaluation.Run(model, _data.Images, _data.Validation, _data.Labels, cancellation: cancellation);
    }

    /// <summary>The network with the weights of <see cref="KeptEpoch"/>.</summary>
    public Graph KeptGraph() => ToGraph(_kept ?? Weights(), i => _keptStatistics is { } kept ? kept[i] : Statistics(i).ToArray());

    /// <summary>The state after the last finished epoch.</summary>
    public Checkpoint ToCheckpoint()
    {
        var checkpoint = new Checkpoint
        {
            Config = _config.ToJson(),
            Epoch = Epoch,
            Step = _step,
            BestEpoch = BestEpoch,
            BestAccuracy = BestAccuracy,
            BestLoss = BestLoss,
            History = [.. _history],
        };
        foreach ((string name, View values) in State()) checkpoint.Arrays.Add(name, values().ToArray());
        if (_kept is not null && _keptStatistics is not null)
        {
            foreach ((string name, View values) in Kept(_kept, _keptStatistics)) checkpoint.Arrays.Add(name, values().ToArray());
        }
        return checkpoint;
    }

    /// <summary>Goes back to a saved state.</summary>
    /// <exception cref="InvalidDataException">It belongs to another network or optimiser.</exception>
    public void Restore(Checkpoint checkpoint)
    {
        var arrays = new Dictionary<string, float[]>(checkpoint.Arrays, StringComparer.Ordinal);
        foreach ((string name, View values) in State()) Load(name, values());
        if (checkpoint.BestEpoch > 0)
        {
            _kept = new float[_average.Length];
            _keptStatistics = [.. _averageStatistics.Select(s => new float[s.Length])];
            foreach ((string name, View values) in Kept(_kept, _keptStatistics)) Load(name, values());
        }
        if (arrays.Count > 0) throw new InvalidDataException($"the checkpoint holds '{arrays.Keys.First()}', which this network doesn't have");
        Epoch = checkpoint.Epoch;
        _step = checkpoint.Step;
        BestEpoch = checkpoint.BestEpoch;
        BestAccuracy = checkpoint.BestAccuracy;
        BestLoss = checkpoint.BestLoss;
        _history.Clear();
        _history.AddRange(checkpoint.History);

        void Load(string name, Span<float> values)
        {
            if (!arrays.Remove(name, out float[]? saved) || saved.Length != values.Length)
                throw new InvalidDataException($"the checkpoint has {(saved is null ? "no" : $"{saved.Length}")} values for '{name}', expected {values.Length}");
            saved.CopyTo(values);
        }
    }

    public void Dispose()
    {
        _batches?.Dispose();
        _teachers?.Dispose();
        _plan.Dispose();
    }

    private (double Accuracy, double LogLoss) MeasureHeldBack(CancellationToken cancellation)
    {
        using CharacterRecognizer model = Load(CurrentGraph());
        return HeldBack.Measure(model, cancellation);
    }

    private static PaintedCharacters? Painted(TrainingConfig config, TrainingData data)
    {
        if (config.Painted <= 0) return null;
        var painted = new PaintedCharacters(config.Painted, data.Labels, data.Groups, config.Layout);
        return painted.Any ? painted : throw new FormatException(FormattableString.Invariant($"painted is {config.Painted}; expected 0: digits and the letters A to Z can be painted, and {data.Dataset.Name} has none of them"));
    }

    private AugmentationOptions Augmentation(int epoch, ulong key) =>
        epoch < _config.Epochs - _config.FinalEpochs || new CounterRandom(CounterRandom.Key(key, 0xF1)).NextSingle() >= _config.FinalShare ? _augmentation : _finalAugmentation;

    private Span<float> Weights() => _config.Ema > 0 ? _average : _plan.Parameters.Values;

    private Span<float> Statistics(int i) => _config.Ema > 0 ? _averageStatistics[i] : _plan.Statistics[i].Values.Span;

    private Graph CurrentGraph() => ToGraph(Weights(), i => Statistics(i).ToArray());

    private Graph ToGraph(ReadOnlySpan<float> weights, Func<int, float[]> statistics)
    {
        Graph graph = _graph.Clone();
        _plan.Parameters.CopyTo(graph, weights);
        for (int i = 0; i < _plan.Statistics.Count; i++) statistics(i).CopyTo(graph.Initializers[_plan.Statistics[i].Name].Span<float>());
        return graph;
    }

    // The average forgets slower as training goes on, so that its first values, the random weights, are soon forgotten.
    private void UpdateAverage()
    {
        if (_config.Ema <= 0) return;
        float keep = (float)Math.Min(_config.Ema, (1.0 + _step) / (10.0 + _step));
        MovingAverage.Update(_average, _plan.Parameters.Values, keep);
        for (int i = 0; i < _averageStatistics.Length; i++) MovingAverage.Update(_averageStatistics[i], _plan.Statistics[i].Values.Span, keep);
    }

    private IEnumerable<(string Name, View Values)> State()
    {
        ParameterSet parameters = _plan.Parameters;
        foreach (Parameter parameter in parameters.Parameters) yield return ($"weights/{parameter.Name}", () => parameters.Value(parameter));
        foreach ((string name, Memory<float> values) in _plan.Statistics) yield return ($"statistics/{name}", () => values.Span);
        if (_config.Ema > 0)
        {
            foreach (Parameter parameter in parameters.Parameters) yield return ($"average/{parameter.Name}", () => _average.AsSpan(parameter.Offset, parameter.Length));
            for (int i = 0; i < _averageStatistics.Length; i++)
            {
                float[] values = _averageStatistics[i];
                yield return ($"average/{_plan.Statistics[i].Name}", () => values);
            }
        }
        foreach ((string name, Memory<float> values) in _optimizer.State)
        {
            foreach (Parameter parameter in parameters.Parameters) yield return ($"{name}/{parameter.Name}", () => values.Span.Slice(parameter.Offset, parameter.Length));
        }
    }

    // Called best in files.
    private IEnumerable<(string Name, View Values)> Kept(float[] weights, float[][] statistics)
    {
        foreach (Parameter parameter in _plan.Parameters.Parameters) yield return ($"best/{parameter.Name}", () => weights.AsSpan(parameter.Offset, parameter.Length));
        for (int i = 0; i < statistics.Length; i++)
        {
            float[] values = statistics[i];
            yield return ($"best/{_plan.Statistics[i].Name}", () => values);
        }
    }

    private static string ToLine(EpochResult epoch) => JsonText.Of(writer =>
    {
        writer.WriteStartObject();
        writer.WriteNumber("epoch", epoch.Epoch);
        writer.WriteNumber("trainLoss", epoch.TrainLoss);
        writer.WriteNumber("trainAccuracy", epoch.TrainAccuracy);
        if (epoch.ValidationLoss is { } loss) writer.WriteNumber("validationLoss", loss);
        if (epoch.ValidationAccuracy is { } accuracy) writer.WriteNumber("validationAccuracy", accuracy);
        writer.WriteNumber("learningRate", epoch.LearningRate);
        writer.WriteNumber("seconds", Math.Round(epoch.Seconds, 3));
        writer.WriteNumber("imagesPerSecond", Math.Round(epoch.ImagesPerSecond, 1));
        writer.WriteEndObject();
    });
}

/// <summary>Training made numbers that are none.</summary>
internal sealed class DivergedException(int epoch, int step)
    : Exception($"training diverged: the loss is no longer a number at step {step} of epoch {epoch}; a smaller --learning-rate or --clip 1 helps");
