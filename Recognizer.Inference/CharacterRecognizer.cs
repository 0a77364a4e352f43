using System.Buffers;
using System.Numerics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Imaging.Pages;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference;

/// <summary>Reads single characters. Thread-safe: create one and share it.</summary>
/// <remarks>Methods for pictures bring them into the form that the model was trained on (<see cref="CharacterNormalizer"/>); those named
/// <c>Normalized</c> and <see cref="Score(ReadOnlySpan{float}, int, Span{float})"/> take what is in that form already. A model can be replaced while the recogniser is in use
/// (<see cref="ReplaceModel(string)"/>): each call is answered by one model from beginning to end, of a stream each of its batches.</remarks>
public sealed class CharacterRecognizer : ICharacterScorer, IDisposable
{
    /// <summary>Pixels on each side of the image that the model sees.</summary>
    public const int Side = 28;

    private const int PixelsPerImage = Side * Side;

    /// <summary>Images that are scored together; more gain nothing and take memory.</summary>
    private const int BatchSize = 32;

    private static readonly Lazy<CharacterRecognizer> s_default = new(() => new CharacterRecognizer(Shipped(ShippedModel.Characters), new()) { _isShared = true });

    private readonly RecognizerOptions _options;
    private readonly Lock _replacing = new();
    private RecognizerModel? _model;
    private long _modelVersion;
    private bool _isShared;

    private CharacterRecognizer(Graph graph, RecognizerOptions options)
        // Limits that change later are another's
        : this(RecognizerModel.Of(graph, options), options with { Decoder = options.Decoder with { } }, 0)
    {
    }

    private CharacterRecognizer(RecognizerModel model, RecognizerOptions options, long version)
    {
        _model = model;
        _options = options;
        _modelVersion = version;
    }

    /// <summary>The shipped model for digits and letters (<see cref="ShippedModel.Characters"/>), loaded when first asked for and shared by all who ask;
    /// disposing of it does nothing, and its model can't be replaced.</summary>
    /// <exception cref="InvalidOperationException">This build of the library has no model in it.</exception>
    public static CharacterRecognizer Default => s_default.Value;

    /// <summary>Text of each class, in the order of the scores.</summary>
    public IReadOnlyList<string> Labels => Current.Labels;

    /// <summary>Layout that images are brought into before they are scored.</summary>
    public NormalizerLayout Layout => Current.Layout;

    /// <summary>Whether all labels are Latin letters and digits, which no box or circle around them and no stroke under them belongs to; as <see cref="CharacterNormalizer"/> asks.</summary>
    public bool IsAlphanumeric => Current.IsAlphanumeric;

    /// <summary>How often the model has been replaced. A call that begins after this was read is answered by this model or a later one.</summary>
    public long ModelVersion => Volatile.Read(ref _modelVersion);

    private RecognizerModel Current => Volatile.Read(ref _model) ?? throw new ObjectDisposedException(nameof(CharacterRecognizer));

    /// <summary>Loads a model file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">How to read with it.</param>
    /// <param name="reading">Is told the full path of each file right before it is looked at: of the model, then of those that hold its weights, whether they are there or not.</param>
    /// <exception cref="OnnxException">The file can't be read, or is not a model that this library can run.</exception>
    /// <exception cref="ArgumentException">The model has none of the labels of the options' alphabet.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="RecognizerOptions.Top"/> or <see cref="PlanOptions.Threads"/> is less than 1.</exception>
    public static CharacterRecognizer Load(string path, RecognizerOptions? options = null, Action<string>? reading = null) => new(OnnxReader.ReadAnyFile(path, reading), options ?? new());

    /// <summary>Loads a model from a stream, such as an embedded resource.</summary>
    /// <exception cref="OnnxException">The stream does not hold a model that this library can run.</exception>
    /// <exception cref="ArgumentException">The model has none of the labels of the options' alphabet.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="RecognizerOptions.Top"/> or <see cref="PlanOptions.Threads"/> is less than 1.</exception>
    public static CharacterRecognizer Load(Stream stream, RecognizerOptions? options = null) => new(OnnxReader.ReadAny(stream), options ?? new());

    /// <summary>Loads a model from memory.</summary>
    /// <exception cref="OnnxException">The bytes are not a model that this library can run.</exception>
    /// <exception cref="ArgumentException">The model has none of the labels of the options' alphabet.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="RecognizerOptions.Top"/> or <see cref="PlanOptions.Threads"/> is less than 1.</exception>
    public static CharacterRecognizer Load(byte[] model, RecognizerOptions? options = null) => new(OnnxReader.ReadAny(model), options ?? new());

    /// <summary>Uses a graph that is already in memory and is not changed any more.</summary>
    /// <exception cref="OnnxException">The graph is not a model that this library can run.</exception>
    /// <exception cref="ArgumentException">The model has none of the labels of the options' alphabet.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="RecognizerOptions.Top"/> or <see cref="PlanOptions.Threads"/> is less than 1.</exception>
    public static CharacterRecognizer Load(Graph graph, RecognizerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(graph);
        return new(graph, options ?? new());
    }

    /// <summary>Loads a model that is part of the library.</summary>
    /// <exception cref="InvalidOperationException">This build of the library has no such model in it.</exception>
    /// <exception cref="ArgumentException">The model has none of the labels of the options' alphabet.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><see cref="RecognizerOptions.Top"/> or <see cref="PlanOptions.Threads"/> is less than 1.</exception>
    public static CharacterRecognizer Load(ShippedModel model, RecognizerOptions? options = null) => new(Shipped(model), options ?? new());

    /// <summary>Reads the character in an image file (PNG, JPEG, BMP or PNM, told apart by content).</summary>
    /// <param name="encoded">The whole file.</param>
    /// <param name="alphabet">Labels that may be answered, in place of <see cref="RecognizerOptions.Alphabet"/>; null leaves it at that.</param>
    /// <exception cref="ImageFormatException">The bytes are not an image of a known format, or exceed the limits.</exception>
    /// <exception cref="ArgumentException">The model has none of the alphabet's labels.</exception>
    public Prediction Recognize(ReadOnlySpan<byte> encoded, Alphabet? alphabet = null) =>
        Read(encoded, static (file, options) => ImageDecoder.Decode(file, options.Decoder).ToGray(), Polarity.Detect, alphabet);

    /// <summary>Reads the character in an image of any size and polarity.</summary>
    /// <param name="image">The image.</param>
    /// <param name="alphabet">Labels that may be answered, in place of <see cref="RecognizerOptions.Alphabet"/>; null leaves it at that.</param>
    /// <exception cref="ArgumentException">The model has none of the alphabet's labels.</exception>
    public Prediction Recognize(Image image, Alphabet? alphabet = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Read(image, static (image, _) => image.ToGray(), Polarity.Detect, alphabet);
    }

    /// <summary>Reads the character in a grey image of any size.</summary>
    /// <param name="image">The image.</param>
    /// <param name="polarity">Whether ink is lighter or darker than the ground; found out where left out.</param>
    /// <param name="alphabet">Labels that may be answered, in place of <see cref="RecognizerOptions.Alphabet"/>; null leaves it at that.</param>
    /// <exception cref="ArgumentException">The model has none of the alphabet's labels.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such polarity.</exception>
    public Prediction Recognize(GrayImage image, Polarity polarity = Polarity.Detect, Alphabet? alphabet = null)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Read(image, static (image, _) => image, polarity, alphabet);
    }

    /// <summary>Reads the character that a pen wrote, as <see cref="PenDrawing"/> draws it.</summary>
    /// <param name="strokes">The points of each stroke, in any unit, y downwards. Without any points it is read as a blank picture is: the answer says nothing, and only
    /// <see cref="Prediction.IsLikelyCharacter"/> tells.</param>
    /// <param name="alphabet">Labels that may be answered, in place of <see cref="RecognizerOptions.Alphabet"/>; null leaves it at that.</param>
    /// <exception cref="ArgumentException">A coordinate isn't finite, a stroke is null, or the model has none of the alphabet's labels.</exception>
    public Prediction Recognize(IEnumerable<IEnumerable<Vector2>> strokes, Alphabet? alphabet = null) => Recognize(PenDrawing.Draw(strokes).Image, Polarity.DarkOnLight, alphabet);

    /// <summary>Reads the character in grey pixels, of a camera frame or a part of it. Allocates nothing but the result with models of a fixed image of floats,
    /// any number at a time, all of whose operators have kernels, as those of all architectures of <c>train</c> do.</summary>
    /// <param name="pixels">[height, stride], 0 = black … 255 = white.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="stride">From one row's beginning to the next, at least the width.</param>
    /// <param name="polarity">Whether ink is lighter or darker than the ground; found out where left out.</param>
    /// <param name="alphabet">Labels that may be answered, in place of <see cref="RecognizerOptions.Alphabet"/>; null leaves it at that.</param>
    /// <exception cref="ArgumentException">The pixels are too few for that shape, or the model has none of the alphabet's labels.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A side is less than 1, the stride is less than the width, or there is no such polarity.</exception>
    public Prediction Recognize(ReadOnlySpan<byte> pixels, int width, int height, int stride, Polarity polarity = Polarity.Detect, Alphabet? alphabet = null)
    {
        RecognizerDiagnostics.Operation operation = RecognizerDiagnostics.Start();
        try
        {
            Prediction prediction = ReadPixels(pixels, width, height, stride, polarity, alphabet);
            operation.Read(new ReadOnlySpan<Prediction>(in prediction));
            return prediction;
        }
        catch (Exception exception)
        {
            operation.Fail(exception);
            throw;
        }
    }

    /// <summary>Reads the character in grey pixels and allocates nothing at all with models of a fixed image of floats, any number at a time, all of whose operators have
    /// kernels, as those of all architectures of <c>train</c> do.</summary>
    /// <param name="pixels">[height, stride], 0 = black … 255 = white.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="stride">From one row's beginning to the next, at least the width.</param>
    /// <param name="candidates">Receives the best labels, most probable first, as many as fit.</param>
    /// <param name="polarity">Whether ink is lighter or darker than the ground; found out where left out.</param>
    /// <param name="alphabet">Labels that may be answered, in place of <see cref="RecognizerOptions.Alphabet"/>; null leaves it at that.</param>
    /// <returns>Number of candidates written.</returns>
    /// <exception cref="ArgumentException">The pixels are too few for that shape, or the model has none of the alphabet's labels.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A side is less than 1, the stride is less than the width, or there is no such polarity.</exception>
    public int Recognize(ReadOnlySpan<byte> pixels, int width, int height, int stride, Span<Candidate> candidates, Polarity polarity = Polarity.Detect, Alphabet? alphabet = null)
    {
        RecognizerDiagnostics.Operation operation = RecognizerDiagnostics.Start();
        float[]? rented = null;
        try
        {
            using Lease lease = Acquire();
            RecognizerModel model = lease.Model;
            LabelMask? mask = model.Mask(alphabet);
            Span<float> normalized = stackalloc float[PixelsPerImage];
            Normalize(pixels, width, height, stride, model, polarity, normalized);
            rented = ArrayPool<float>.Shared.Rent(model.Labels.Count);
            Span<float> probabilities = rented.AsSpan(0, model.Labels.Count);
            model.Score(normalized, 1, probabilities, mask, []);
            int count = model.Best(probabilities, mask, candidates);
            operation.Read(1, count > 0 ? candidates[0].Confidence : null);
            return count;
        }
        catch (Exception exception)
        {
            operation.Fail(exception);
            throw;
        }
        finally
        {
            if (rented is not null) ArrayPool<float>.Shared.Return(rented);
        }
    }

    /// <summary>Reads one character each in many images.</summary>
    /// <param name="images">The images.</param>
    /// <param name="predictions">[images], receives the results.</param>
    /// <param name="alphabet">Labels that may be answered, in place of <see cref="RecognizerOptions.Alphabet"/>; null leaves it at that.</param>
    /// <exception cref="ArgumentException">There are fewer places than images, or the model has none of the alphabet's labels.</exception>
    public void Recognize(ReadOnlySpan<Image> images, Span<Prediction> predictions, Alphabet? alphabet = null) =>
        RecognizeAll(images, static image => image.ToGray(), predictions, alphabet);

    /// <summary>Reads one character each in many grey images.</summary>
    /// <param name="images">The images.</param>
    /// <param name="predictions">[images], receives the results.</param>
    /// <param name="alphabet">Labels that may be answered, in place of <see cref="RecognizerOptions.Alphabet"/>; null leaves it at that.</param>
    /// <exception cref="ArgumentException">There are fewer places than images, or the model has none of the alphabet's labels.</exception>
    public void Recognize(ReadOnlySpan<GrayImage> images, Span<Prediction> predictions, Alphabet? alphabet = null) =>
        RecognizeAll(images, static image => image, predictions, alphabet);

    /// <summary>Reads images as they come.</summary>
    /// <remarks>Images that are there already are read together, at most 32 at a time; no answer waits for an image that is still to come, and the
    /// source may be at work on one while answers are taken. An image is done with when the next is asked for: its memory may hold that one then.
    /// Ending the enumeration early cancels the source's token and waits until it obeys.
    /// <para>Decoding and reading run on the thread that asks for the next answer, or on the one that brought an image which had to be waited for: a user interface enumerates inside
    /// <see cref="Task.Run(Func{Task})"/>.</para>
    /// <para>Where the model is replaced meanwhile, the images that are still to come are read by the new one; a <see cref="Snapshot"/> reads a whole stream by one model.</para></remarks>
    /// <param name="images">The images.</param>
    /// <param name="alphabet">Labels that may be answered, in place of <see cref="RecognizerOptions.Alphabet"/>; null leaves it at that.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A prediction for each image, in order.</returns>
    public IAsyncEnumerable<Prediction> RecognizeAsync(IAsyncEnumerable<Image> images, Alphabet? alphabet = null, CancellationToken cancellationToken = default) =>
        RecognizeStream(images, static (image, _) => image.ToGray(), alphabet, cancellationToken);

    /// <summary>Reads grey images as they come.</summary>
    /// <remarks>As <see cref="RecognizeAsync(IAsyncEnumerable{Image}, Alphabet?, CancellationToken)"/>.</remarks>
    /// <param name="images">The images.</param>
    /// <param name="alphabet">Labels that may be answered, in place of <see cref="RecognizerOptions.Alphabet"/>; null leaves it at that.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A prediction for each image, in order.</returns>
    public IAsyncEnumerable<Prediction> RecognizeAsync(IAsyncEnumerable<GrayImage> images, Alphabet? alphabet = null, CancellationToken cancellationToken = default) =>
        RecognizeStream(images, static (image, _) => image, alphabet, cancellationToken);

    /// <summary>Reads image files as they come.</summary>
    /// <remarks>As <see cref="RecognizeAsync(IAsyncEnumerable{Image}, Alphabet?, CancellationToken)"/>; a file that is no image ends the reading with an
    /// <see cref="ImageFormatException"/> after those before it.</remarks>
    /// <param name="encoded">Whole files.</param>
    /// <param name="alphabet">Labels that may be answered, in place of <see cref="RecognizerOptions.Alphabet"/>; null leaves it at that.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <returns>A prediction for each file, in order.</returns>
    public IAsyncEnumerable<Prediction> RecognizeAsync(IAsyncEnumerable<ReadOnlyMemory<byte>> encoded, Alphabet? alphabet = null, CancellationToken cancellationToken = default) =>
        RecognizeStream(encoded, static (file, options) => ImageDecoder.Decode(file.Span, options.Decoder).ToGray(), alphabet, cancellationToken);

    /// <summary>Reads one image that already is what the model expects.</summary>
    /// <param name="pixels">[28, 28], upright, 0 = ground … 1 = ink, in the model's <see cref="Layout"/>.</param>
    /// <param name="alphabet">Labels that may be answered, in place of <see cref="RecognizerOptions.Alphabet"/>; null leaves it at that.</param>
    /// <exception cref="ArgumentException">The span has another length, or the model has none of the alphabet's labels.</exception>
    public Prediction RecognizeNormalized(ReadOnlySpan<float> pixels, Alphabet? alphabet = null)
    {
        Prediction? prediction = null;
        RecognizeNormalized(pixels, new Span<Prediction>(ref prediction!), alphabet);
        return prediction;
    }

    /// <summary>Reads images that already are what the model expects.</summary>
    /// <param name="pixels">[predictions, 28, 28], upright, 0 = ground … 1 = ink, in the model's <see cref="Layout"/>.</param>
    /// <param name="predictions">Receives the results.</param>
    /// <param name="alphabet">Labels that may be answered, in place of <see cref="RecognizerOptions.Alphabet"/>; null leaves it at that.</param>
    /// <exception cref="ArgumentException">The lengths don't fit, or the model has none of the alphabet's labels.</exception>
    public void RecognizeNormalized(ReadOnlySpan<float> pixels, Span<Prediction> predictions, Alphabet? alphabet = null)
    {
        if (pixels.Length != (long)predictions.Length * PixelsPerImage)
            throw new ArgumentException($"{predictions.Length} images need {(long)predictions.Length * PixelsPerImage} pixels, got {pixels.Length}.", nameof(pixels));
        RecognizerDiagnostics.Operation operation = RecognizerDiagnostics.Start();
        try
        {
            using Lease lease = Acquire();
            for (int start = 0; start < predictions.Length; start += BatchSize)
            {
                int size = Math.Min(BatchSize, predictions.Length - start);
                Predict(lease.Model, pixels.Slice(start * PixelsPerImage, size * PixelsPerImage), alphabet, predictions.Slice(start, size));
            }
            operation.Read(predictions);
        }
        catch (Exception exception)
        {
            operation.Fail(exception);
            throw;
        }
    }

    /// <summary>Probabilities of all classes for images that already are what the model expects; the batch path, which allocates
    /// nothing with models of a fixed image of floats, any number at a time, all of whose operators have kernels, as those of all architectures of <c>train</c> do.</summary>
    /// <param name="pixels">[count, 28, 28], upright, 0 = ground … 1 = ink, in the model's <see cref="Layout"/>.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="probabilities">[count, classes], receives the probabilities; labels outside the alphabet get 0.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Score(ReadOnlySpan<float> pixels, int count, Span<float> probabilities) => Score(pixels, count, probabilities, null);

    /// <summary>Probabilities of all classes for images that already are what the model expects, within an alphabet.</summary>
    /// <param name="pixels">[count, 28, 28], upright, 0 = ground … 1 = ink, in the model's <see cref="Layout"/>.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="probabilities">[count, classes], receives the probabilities; labels outside the alphabet get 0.</param>
    /// <param name="alphabet">Labels that may be answered, in place of <see cref="RecognizerOptions.Alphabet"/>; null leaves it at that.</param>
    /// <param name="rejectionScores">[count], receives <see cref="Prediction.RejectionScore"/>; or empty.</param>
    /// <exception cref="ArgumentException">A span has another length, or the model has none of the alphabet's labels.</exception>
    public void Score(ReadOnlySpan<float> pixels, int count, Span<float> probabilities, Alphabet? alphabet, Span<float> rejectionScores = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (!rejectionScores.IsEmpty && rejectionScores.Length != count)
            throw new ArgumentException($"{count} images need {count} rejection scores, got {rejectionScores.Length}.", nameof(rejectionScores));
        RecognizerDiagnostics.Operation operation = RecognizerDiagnostics.Start();
        try
        {
            using Lease lease = Acquire();
            lease.Model.Score(pixels, count, probabilities, lease.Model.Mask(alphabet), rejectionScores);
            operation.Read(count);
        }
        catch (Exception exception)
        {
            operation.Fail(exception);
            throw;
        }
    }

    // What a reader tries isn't a character that was read: it reports those that it has read itself
    void ICharacterScorer.Score(ReadOnlySpan<float> pixels, int count, Span<float> probabilities, Span<float> allowed)
    {
        using Lease lease = Acquire();
        lease.Model.Score(pixels, count, probabilities, lease.Model.Mask(null), [], allowed);
    }

    /// <summary>Takes another model file into use. Calls under way end with the model they began with, later ones use the new one.</summary>
    /// <remarks>Streams of <see cref="RecognizeAsync(IAsyncEnumerable{Image}, Alphabet?, CancellationToken)"/> go on with the new one; a <see cref="Snapshot"/> keeps to one model.</remarks>
    /// <exception cref="OnnxException">The file can't be read, or is not a model that this library can run; the model in use stays.</exception>
    /// <exception cref="ArgumentException">The model has none of the labels of the options' alphabet; the model in use stays.</exception>
    /// <exception cref="InvalidOperationException">This is <see cref="Default"/>, whose model others use too.</exception>
    public void ReplaceModel(string path) => Replace(() => OnnxReader.ReadAnyFile(path), static () => true);

    /// <summary>Takes another model into use. Calls under way end with the model they began with, later ones use the new one.</summary>
    /// <remarks>As <see cref="ReplaceModel(string)"/>.</remarks>
    /// <exception cref="OnnxException">The bytes are not a model that this library can run; the model in use stays.</exception>
    /// <exception cref="ArgumentException">The model has none of the labels of the options' alphabet; the model in use stays.</exception>
    /// <exception cref="InvalidOperationException">This is <see cref="Default"/>, whose model others use too.</exception>
    public void ReplaceModel(byte[] model) => Replace(() => OnnxReader.ReadAny(model), static () => true);

    /// <summary>Takes another model file into use, unless something says in the last moment, when it has been read and compiled, that it is not to be: it changed meanwhile, say.</summary>
    /// <param name="path">The file.</param>
    /// <param name="isWanted">Asked once the model is ready for use.</param>
    /// <param name="reading">Is told the full path of each file right before it is looked at: of the model, then of those that hold its weights, whether they are there or not.</param>
    /// <returns>Whether the model is in use.</returns>
    /// <exception cref="OnnxException">The file can't be read, or is not a model that this library can run; the model in use stays.</exception>
    /// <exception cref="ArgumentException">The model has none of the labels of the options' alphabet; the model in use stays.</exception>
    /// <exception cref="InvalidOperationException">This is <see cref="Default"/>, whose model others use too.</exception>
    public bool TryReplaceModel(string path, Func<bool> isWanted, Action<string>? reading = null)
    {
        ArgumentNullException.ThrowIfNull(isWanted);
        return Replace(() => OnnxReader.ReadAnyFile(path, reading), isWanted);
    }

    /// <summary>A recogniser that keeps to the model in use now, for work that takes several calls and needs them all answered by one model, such as that of
    /// <see cref="PageReader"/> and <see cref="FieldReader"/> where a new model may have other labels. Dispose of it.</summary>
    public CharacterRecognizer Snapshot()
    {
        // Version first: it may be lower than the model's then, never higher.
        long version = ModelVersion;
        return new CharacterRecognizer(AcquireModel(), _options, version);
    }

    /// <summary>Whether a label is in <see cref="RecognizerOptions.Alphabet"/>.</summary>
    internal bool Allows(int label) => Current.Mask(null)?.Allows(label) ?? true;

    /// <summary>Frees the model, once the calls under way have ended.</summary>
    public void Dispose()
    {
        if (_isShared) return;
        lock (_replacing) Interlocked.Exchange(ref _model, null)?.Release();
    }

    internal static Graph Shipped(ShippedModel model)
    {
        string name = model switch
        {
            ShippedModel.Characters => "characters.onnx",
            ShippedModel.Digits => "digits.onnx",
            _ => throw new ArgumentOutOfRangeException(nameof(model), model, "There is no such model."),
        };
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"This build of Recognizer.Inference has no model '{name}' in it. Load one with CharacterRecognizer.Load(path).");
        return OnnxReader.Read(stream);
    }

    private static void Normalize(ReadOnlySpan<byte> pixels, int width, int height, int stride, RecognizerModel model, Polarity polarity, Span<float> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, width);
        long needed = (long)(height - 1) * stride + width;
        if (pixels.Length < needed) throw new ArgumentException($"{width}×{height} at a stride of {stride} needs {needed} pixels, got {pixels.Length}.", nameof(pixels));
        if (stride == width)
        {
            CharacterNormalizer.Normalize(pixels, width, height, model.Layout, polarity, destination, model.IsAlphanumeric);
            return;
        }
        byte[] rented = ArrayPool<byte>.Shared.Rent(width * height);
        try
        {
            for (int y = 0; y < height; y++) pixels.Slice(y * stride, width).CopyTo(rented.AsSpan(y * width));
            CharacterNormalizer.Normalize(rented, width, height, model.Layout, polarity, destination, model.IsAlphanumeric);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static void Normalize(GrayImage image, RecognizerModel model, Span<float> destination) =>
        CharacterNormalizer.Normalize(image, model.Layout, Polarity.Detect, destination, model.IsAlphanumeric);

    private Prediction Read<T>(T picture, Func<T, RecognizerOptions, GrayImage> toGray, Polarity polarity, Alphabet? alphabet) where T : allows ref struct
    {
        RecognizerDiagnostics.Operation operation = RecognizerDiagnostics.Start();
        try
        {
            GrayImage image = toGray(picture, _options);
            Prediction prediction = ReadPixels(image.Pixels, image.Width, image.Height, image.Width, polarity, alphabet);
            operation.Read(new ReadOnlySpan<Prediction>(in prediction));
            return prediction;
        }
        catch (Exception exception)
        {
            operation.Fail(exception);
            throw;
        }
    }

    private Prediction ReadPixels(ReadOnlySpan<byte> pixels, int width, int height, int stride, Polarity polarity, Alphabet? alphabet)
    {
        using Lease lease = Acquire();
        Span<float> normalized = stackalloc float[PixelsPerImage];
        Normalize(pixels, width, height, stride, lease.Model, polarity, normalized);
        Prediction? prediction = null;
        Predict(lease.Model, normalized, alphabet, new Span<Prediction>(ref prediction!));
        return prediction;
    }

    private void RecognizeAll<T>(ReadOnlySpan<T> images, Func<T, GrayImage> toGray, Span<Prediction> predictions, Alphabet? alphabet)
    {
        if (predictions.Length < images.Length)
            throw new ArgumentException($"{images.Length} images need {images.Length} places for predictions, got {predictions.Length}.", nameof(predictions));
        RecognizerDiagnostics.Operation operation = RecognizerDiagnostics.Start();
        float[] rented = ArrayPool<float>.Shared.Rent(Math.Min(BatchSize, images.Length) * PixelsPerImage);
        try
        {
            using Lease lease = Acquire();
            for (int start = 0; start < images.Length; start += BatchSize)
            {
                int size = Math.Min(BatchSize, images.Length - start);
                for (int i = 0; i < size; i++) Normalize(toGray(images[start + i]), lease.Model, rented.AsSpan(i * PixelsPerImage, PixelsPerImage));
                Predict(lease.Model, rented.AsSpan(0, size * PixelsPerImage), alphabet, predictions.Slice(start, size));
            }
            operation.Read(predictions[..images.Length]);
        }
        catch (Exception exception)
        {
            operation.Fail(exception);
            throw;
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    /// <summary>Reads a batch of a stream.</summary>
    private Prediction[] ReadNormalized(RecognizerModel model, ReadOnlySpan<float> pixels, Alphabet? alphabet)
    {
        var predictions = new Prediction[pixels.Length / PixelsPerImage];
        RecognizerDiagnostics.Operation operation = RecognizerDiagnostics.Start();
        try
        {
            Predict(model, pixels, alphabet, predictions);
            operation.Read(predictions);
        }
        catch (Exception exception)
        {
            operation.Fail(exception);
            throw;
        }
        return predictions;
    }

    private async IAsyncEnumerable<Prediction> RecognizeStream<T>(IAsyncEnumerable<T> images, Func<T, RecognizerOptions, GrayImage> toGray, Alphabet? alphabet,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(images);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        IAsyncEnumerator<T> source = images.GetAsyncEnumerator(ending.Token);
        Task<bool>? next = null;
        // A batch is of one model: the one in use when its first image came
        RecognizerModel? model = null;
        float[] normalized = ArrayPool<float>.Shared.Rent(BatchSize * PixelsPerImage);
        int gathered = 0;
        try
        {
            ExceptionDispatchInfo? failure = null;
            for (bool more = true; more;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                // What comes without waiting is gathered; what is there is read before anything is waited for.
                try
                {
                    next ??= source.MoveNextAsync().AsTask();
                    if (next.IsCompleted || gathered == 0)
                    {
                        more = await next.WaitAsync(cancellationToken).ConfigureAwait(false);
                        next = null;
                        if (more)
                        {
                            // Now, and not with the whole batch: the source may reuse the memory for the next image, and what is large is let go
                            GrayImage image = toGray(source.Current, _options);
                            model ??= AcquireModel();
                            Normalize(image, model, normalized.AsSpan(gathered * PixelsPerImage, PixelsPerImage));
                            gathered++;
                        }
                    }
                }
                catch (Exception exception)
                {
                    if (next is { IsCompleted: true }) next = null;
                    more = false;
                    failure = ExceptionDispatchInfo.Capture(exception);
                }
                if (more && next is null && gathered < BatchSize) continue;
                if (gathered > 0)
                {
                    Prediction[] predictions = ReadNormalized(model!, normalized.AsSpan(0, gathered * PixelsPerImage), alphabet);
                    gathered = 0;
                    model!.Release();
                    model = null;
                    foreach (Prediction prediction in predictions)
                    {
                        cancellationToken.ThrowIfCancellationRequested();
                        yield return prediction;
                    }
                }
            }
            failure?.Throw();
        }
        finally
        {
            model?.Release();
            ArrayPool<float>.Shared.Return(normalized);
            try
            {
                await ending.CancelAsync().ConfigureAwait(false);
            }
            finally
            {
                // Whatever those do that hear of it, the source ends and is let go
                if (next is not null) await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await source.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Reads up to a batch of images.</summary>
    private void Predict(RecognizerModel model, ReadOnlySpan<float> pixels, Alphabet? alphabet, Span<Prediction> predictions)
    {
        LabelMask? mask = model.Mask(alphabet);
        int classes = model.Labels.Count;
        float[] rented = ArrayPool<float>.Shared.Rent(predictions.Length * (classes + 2));
        try
        {
            int count = predictions.Length;
            Span<float> rejections = rented.AsSpan(0, count), allowed = rented.AsSpan(count, count), probabilities = rented.AsSpan(2 * count, count * classes);
            model.Score(pixels, count, probabilities, mask, rejections, allowed);
            for (int i = 0; i < count; i++)
                predictions[i] = model.ToPrediction(probabilities.Slice(i * classes, classes), mask, rejections[i], allowed[i], _options.Top);
        }
        finally
        {
            ArrayPool<float>.Shared.Return(rented);
        }
    }

    private bool Replace(Func<Graph> read, Func<bool> isWanted)
    {
        if (_isShared) throw new InvalidOperationException("The model of CharacterRecognizer.Default can't be replaced; load a recogniser of your own.");
        RecognizerModel model;
        try
        {
            model = RecognizerModel.Of(read(), _options);
        }
        catch
        {
            RecognizerDiagnostics.ModelRefused();
            throw;
        }
        bool isUsed = false;
        try
        {
            if (!isWanted()) return false;
            lock (_replacing)
            {
                RecognizerModel before = Current;
                Volatile.Write(ref _model, model);
                isUsed = true;
                Interlocked.Increment(ref _modelVersion);
                before.Release();
            }
        }
        finally
        {
            if (!isUsed) model.Release();
        }
        RecognizerDiagnostics.ModelReplaced();
        return true;
    }

    private RecognizerModel AcquireModel()
    {
        while (true)
        {
            // A model that was freed between the two steps has been replaced: there is a newer one.
            RecognizerModel model = Current;
            if (model.TryAcquire()) return model;
        }
    }

    private Lease Acquire() => new(AcquireModel());

    private readonly struct Lease(RecognizerModel model) : IDisposable
    {
        public RecognizerModel Model => model;

        public void Dispose() => model.Release();
    }
}
