namespace Recognizer.Inference.Imaging.Pages;

/// <summary>What was read in a field.</summary>
/// <param name="Text">The most probable text that fits the format.</param>
/// <param name="Confidence">Its probability among all texts that fit, 0…1. Too low where an expression comes to the same text in very many ways, as <c>(\d?){500}</c> and
/// <c>.*0.{15}</c> do: each counts by itself. It may be near 1 where none
/// of the texts was written and one is less unlike the ink than the others. The lowest confidence in one of the characters mostly tells that, but not where a text differs in a digit or two from
/// what was written: look at both, and to be safe read by an expression for all such texts too, such as <c>\d{8}</c>, and compare.</param>
/// <param name="Characters">The characters that were found on the picture, from left to right.</param>
public sealed record FieldResult(string Text, double Confidence, IReadOnlyList<PageCharacter> Characters)
{
    /// <summary>How the field lies in the picture: what <see cref="PageOptions.Orientation"/> says, or what was found out.</summary>
    public PageOrientation Orientation { get; init; }

    /// <summary>The text.</summary>
    public override string ToString() => Text;
}

/// <summary>Reads a form field whose format is known: of all texts that fit it, the one that the ink supports best.</summary>
/// <remarks>Thread-safe if the scorer is. A <see cref="CharacterRecognizer"/>'s model may be replaced meanwhile: each field is read by one model from beginning to end,
/// and by that model's labels. Labels outside <see cref="RecognizerOptions.Alphabet"/> are never answered.</remarks>
public sealed class FieldReader
{
    private readonly ICharacterScorer _scorer;
    private readonly PageOptions _options;
    private readonly FieldFormat _format;
    private FieldAutomaton _automaton; // of the labels that were met last

    /// <summary>Creates a reader.</summary>
    /// <param name="scorer">What single characters are read with, such as a <see cref="CharacterRecognizer"/>.</param>
    /// <param name="format">What the field may hold. Characters that the scorer has no label for (such as /) match any mark of their shape
    /// (+, × and ÷ are told from one another; others whose boxes are alike aren't, such as - and = or ( and [),
    /// and letters that differ only in size from their other case (such as o and O) match either where the format has but one of them. Accents aren't seen by a model that has no labels with them:
    /// é is read as e is; of the words Müller and Muller each has half of the confidence, and in a set that has both, e stands for é too. A set such as <c>[/-]</c> has the marks that it names one
    /// by one. Spaces match wide gaps, never ink. Of the scorer's labels those are read
    /// that are one character as <see cref="FieldFormat"/> has it: é and 😀, but no 10.</param>
    /// <param name="options">How to read; defaults where null.</param>
    /// <exception cref="ArgumentException">No text of the format can be written with the labels that the scorer may answer, or the expression has too many ways with these labels, as
    /// <c>(\w?){400}</c> has. If that comes to be so only when a recogniser's model is replaced, <see cref="Read(Image, CancellationToken)"/> finds nothing in the first case, and throws
    /// this in the second.</exception>
    public FieldReader(ICharacterScorer scorer, FieldFormat format, PageOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(scorer);
        ArgumentNullException.ThrowIfNull(format);
        _scorer = scorer;
        _options = PageOptions.Checked(options);
        _format = format;
        using var steady = new SteadyScorer(scorer);
        _automaton = FieldAutomaton.Of(format, steady);
        if (!_automaton.IsWritable) throw new ArgumentException($"No text of the format '{format}' can be written with the labels that may be answered.", nameof(format));
    }

    /// <summary>Reads a field.</summary>
    /// <param name="image">The picture of the field: one line of writing.</param>
    /// <param name="cancellationToken">Ends the reading before its next step, which may be one of the ways in which the picture may lie.</param>
    /// <returns>What was read; null where nothing on the picture fits the format. A picture without writing has the empty text, if that fits.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public FieldResult? Read(Image image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        return Read(image.ToGray(), cancellationToken);
    }

    /// <summary>Reads a field.</summary>
    /// <param name="image">The picture of the field: one line of writing.</param>
    /// <param name="cancellationToken">Ends the reading before its next step, which may be one of the ways in which the picture may lie.</param>
    /// <returns>What was read; null where nothing on the picture fits the format. A picture without writing has the empty text, if that fits.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public FieldResult? Read(GrayImage image, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        RecognizerDiagnostics.Operation operation = RecognizerDiagnostics.Start();
        try
        {
            FieldResult? result = Find(image, cancellationToken);
            operation.Read(result?.Characters.Count ?? 0);
            return result;
        }
        catch (Exception exception)
        {
            operation.Fail(exception);
            throw;
        }
    }

    private FieldResult? Find(GrayImage image, CancellationToken cancellationToken)
    {
        using var steady = new SteadyScorer(_scorer);
        var automaton = AutomatonFor(steady);
        var orientation = PageReader.OrientationOf(image, _options, steady, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        var page = PageInk.Find(image, _options, orientation, steady.IsAlphanumeric);
        var line = page == null ? null : TextLine.Find(page, single: true, steady.IsAlphanumeric).FirstOrDefault();
        if (page == null || line == null) return automaton.Accepting[0] ? new FieldResult("", 1, []) { Orientation = orientation } : null;
        var lattice = LineLattice.Build(page, line, steady);
        lattice.Score(lattice.Segments);
        cancellationToken.ThrowIfCancellationRequested();
        var best = new FieldSearch(lattice, automaton, automaton.HasSpaces, cancellationToken).Run();
        if (best == null) return null;
        var (text, characters, all) = best.Value;
        // The text may have been divided in several ways; they all speak for it
        double own = new FieldSearch(lattice, FieldAutomaton.Of(text, steady), automaton.HasSpaces, cancellationToken).Run()?.LogSum ?? double.NegativeInfinity;
        double confidence = Math.Clamp(Math.Exp(own - all), 0, 1);
        return new FieldResult(string.Concat(text.Select(e => e.Text)), confidence, [.. characters.Select(c => new PageCharacter(c.Text, c.Confidence, page.Placement.ToOriginal(c.Box)))]) { Orientation = orientation };
    }

    /// <summary>The format in terms of the labels of now: another model may have others, or the same in another order.</summary>
    private FieldAutomaton AutomatonFor(in SteadyScorer steady)
    {
        var automaton = Volatile.Read(ref _automaton);
        if (automaton.IsFor(steady)) return automaton;
        automaton = FieldAutomaton.Of(_format, steady);
        Volatile.Write(ref _automaton, automaton);
        return automaton;
    }
}
