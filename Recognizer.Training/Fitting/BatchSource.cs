using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Recognizer.Inference.Imaging;
using Recognizer.Training.Augmentation;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Fitting;

/// <summary>Images and classes of one step.</summary>
internal sealed class Batch(int capacity, bool clean)
{
    /// <summary>[capacity, 28, 28], 0…1; the first <see cref="Count"/> images are filled.</summary>
    public float[] Images { get; } = new float[capacity * DatasetPart.PixelsPerImage];

    /// <summary>The same images before anything made them hard to read: for teachers. Those of <see cref="Images"/> where nobody asked for them.</summary>
    public float[] Clean => _clean ?? Images;

    private readonly float[]? _clean = clean ? new float[capacity * DatasetPart.PixelsPerImage] : null;

    /// <summary>Class of each image, as <see cref="Differentiation.SoftmaxCrossEntropy"/> takes it.</summary>
    public int[] Labels { get; } = new int[capacity];

    /// <summary>Whether each image was painted: its label is certain, and teachers may not know its form.</summary>
    public bool[] Painted { get; } = new bool[capacity];

    public int Count { get; set; }

    /// <summary>Epoch, from 0.</summary>
    public int Epoch { get; set; }
}

/// <summary>Makes the batches of all epochs in order, varied, on a thread of its own and a few ahead of the training thread. Order and
/// variation depend on (seed, epoch, image) alone, so that a run can start at any epoch and gets the same batches.</summary>
internal sealed class BatchSource : IDisposable
{
    private const int Ahead = 8;
    private readonly DatasetPart _part;
    private readonly int[] _indices;
    private readonly int _batchSize;
    private readonly ulong _seed;
    private readonly float _marks;
    private readonly PaintedCharacters? _painted;
    private readonly byte[] _replacement = new byte[DatasetPart.PixelsPerImage];
    private readonly bool _clean;
    private readonly Func<int, ulong, Augmenter?> _augmenter;
    private readonly BlockingCollection<Batch> _free = [];
    private readonly BlockingCollection<Batch> _ready = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Starts to make batches.</summary>
    /// <param name="part">The images.</param>
    /// <param name="indices">Which of them to use.</param>
    /// <param name="batchSize">Images per batch; the last of an epoch takes what is left.</param>
    /// <param name="augmentation">How to vary an image, by epoch and by a key of the image.</param>
    /// <param name="seed">Decides order and variation.</param>
    /// <param name="firstEpoch">Epoch to begin with.</param>
    /// <param name="epochs">Epoch to end before.</param>
    /// <param name="marks">Share of images that is replaced by marks that are no characters.</param>
    /// <param name="layout">What the images are.</param>
    /// <param name="clean">Whether <see cref="Batch.Clean"/> is wanted.</param>
    /// <param name="painted">What paints characters in the place of images; null for none.</param>
    /// <param name="isAlphanumeric">Whether characters are Latin letters and digits, as the normaliser asks.</param>
    public BatchSource(DatasetPart part, int[] indices, int batchSize, Func<int, ulong, AugmentationOptions> augmentation, ulong seed, int firstEpoch, int epochs,
        double marks = 0, NormalizerLayout layout = NormalizerLayout.Emnist, bool clean = false, PaintedCharacters? painted = null, bool isAlphanumeric = true)
    {
        _clean = clean;
        _painted = painted;
        _marks = (float)marks;
        _part = part;
        _indices = indices;
        _batchSize = batchSize;
        _seed = seed;
        var augmenters = new Dictionary<AugmentationOptions, Augmenter?>();
        _augmenter = (epoch, key) =>
        {
            AugmentationOptions options = augmentation(epoch, key);
            if (!augmenters.TryGetValue(options, out Augmenter? augmenter)) augmenters[options] = augmenter = options.IsNone ? null : new Augmenter(options, layout, isAlphanumeric);
            return augmenter;
        };
        StepsPerEpoch = (indices.Length + batchSize - 1) / batchSize;
        for (int i = 0; i < Ahead; i++) _free.Add(new Batch(batchSize, clean));
        _thread = new Thread(() => Produce(firstEpoch, epochs)) { IsBackground = true, Name = "Recognizer batches" };
        _thread.Start();
    }

    public int StepsPerEpoch { get; }

    /// <summary>The next batch; give it back with <see cref="Return"/>.</summary>
    public Batch Next(CancellationToken cancellation)
    {
        try
        {
            return _ready.Take(cancellation);
        }
        catch (InvalidOperationException)
        {
            _failure?.Throw();
            throw;
        }
    }

    public void Return(Batch batch) => _free.Add(batch, CancellationToken.None);

    public void Dispose()
    {
        _stop.Cancel();
        _thread.Join();
        _stop.Dispose();
        _free.Dispose();
        _ready.Dispose();
    }

    /// <summary>Order of the images in an epoch.</summary>
    public static int[] Order(ReadOnlySpan<int> indices, ulong seed, int epoch)
    {
        int[] order = indices.ToArray();
        new CounterRandom(CounterRandom.Key(seed, 0x0D, (ulong)epoch)).Shuffle(order.AsSpan());
        return order;
    }

    private void Produce(int firstEpoch, int epochs)
    {
        try
        {
            for (int epoch = firstEpoch; epoch < epochs; epoch++)
            {
                int[] order = Order(_indices, _seed, epoch);
                for (int step = 0; step < StepsPerEpoch; step++)
                {
                    Batch batch = _free.Take(_stop.Token);
                    batch.Epoch = epoch;
                    Fill(batch, order.AsSpan(step * _batchSize, Math.Min(_batchSize, order.Length - step * _batchSize)));
                    _ready.Add(batch, _stop.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
        catch (Exception exception)
        {
            _failure = ExceptionDispatchInfo.Capture(exception);
        }
        finally
        {
            _ready.CompleteAdding();
        }
    }

    private void Fill(Batch batch, ReadOnlySpan<int> images)
    {
        for (int i = 0; i < images.Length; i++)
        {
            int index = images[i];
            Span<float> destination = batch.Images.AsSpan(i * DatasetPart.PixelsPerImage, DatasetPart.PixelsPerImage);
            ReadOnlySpan<byte> image = _part.Image(index);
            batch.Labels[i] = _part.Labels[index];
            if (_marks > 0 && IsMark(batch.Epoch, index, out ulong key))
            {
                // Varied like characters: what variation does to pixels must not tell the two apart.
                MarkPainter.Paint(_part, _indices, (int)(key % MarkPainter.Ways), key, destination);
                for (int k = 0; k < destination.Length; k++) _replacement[k] = (byte)(255 * destination[k] + 0.5f);
                image = _replacement;
                batch.Labels[i] = Differentiation.SoftmaxCrossEntropy.NoCharacter;
            }
            batch.Painted[i] = batch.Labels[i] >= 0 && _painted?.TryPaint(batch.Labels[i], CounterRandom.Key(_seed, 0x9C, (ulong)batch.Epoch, (ulong)index), _replacement) == true;
            if (batch.Painted[i]) image = _replacement;
            ulong variation = CounterRandom.Key(_seed, 0xA6, (ulong)batch.Epoch, (ulong)index);
            Span<float> clean = _clean ? batch.Clean.AsSpan(i * DatasetPart.PixelsPerImage, DatasetPart.PixelsPerImage) : default;
            if (_augmenter(batch.Epoch, variation) is { } augmenter)
            {
                augmenter.Apply(image, destination, variation, clean);
            }
            else
            {
                DatasetPart.ToUnit(image, destination);
                if (_clean) destination.CopyTo(clean);
            }
        }
        batch.Count = images.Length;
    }

    private bool IsMark(int epoch, int index, out ulong key)
    {
        key = CounterRandom.Key(_seed, 0x3A, (ulong)epoch, (ulong)index);
        var random = new CounterRandom(key);
        key = random.NextUInt64();
        return random.NextSingle() < _marks;
    }
}
