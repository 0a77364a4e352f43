using System.Globalization;

namespace Recognizer.Training.Augmentation;

/// <summary>How training images are varied; 0 everywhere leaves them as they are. Each value is the most that is drawn.</summary>
internal sealed record AugmentationOptions
{
    /// <summary>Rotation in degrees, uniform in ±.</summary>
    public float Rotation { get; init; }

    /// <summary>Relative change of size, uniform in ±, in common for both axes, and half as much for the ratio of the axes.</summary>
    public float Scale { get; init; }

    /// <summary>ln of the change of a character's width against its height, uniform in ±; the longer side keeps its length, as the normaliser would have it.</summary>
    public float Aspect { get; init; }

    /// <summary>Horizontal shift per row (slant), uniform in ±.</summary>
    public float Shear { get; init; }

    /// <summary>Shift in pixels, uniform in ± per axis.</summary>
    public float Translation { get; init; }

    /// <summary>Typical (root mean square) displacement in pixels of a smooth random warp.</summary>
    public float Elastic { get; init; }

    /// <summary>Probability that a rectangle of the image becomes ground or one grey, each as often.</summary>
    public float Erasing { get; init; }

    /// <summary>Largest standard deviation of added noise, pixels being 0…1; uniform from 0 per image.</summary>
    public float Noise { get; init; }

    /// <summary>Change of perspective: how much nearer one border of the image is than the other, relative, uniform in ± per axis.</summary>
    public float Perspective { get; init; }

    /// <summary>Thickness of strokes: share of the way to the neighbouring ink or ground, uniform in ±.</summary>
    public float Thickness { get; init; }

    /// <summary>Probability that an image is spoilt in one of the ways of <see cref="Augmentation.Damage"/>.</summary>
    public float Damage { get; init; }

    /// <summary>Probability that an image becomes a <see cref="Augmentation.Picture"/> of another size, pen and paper, which the normaliser brings back.</summary>
    public float Picture { get; init; }

    private static readonly Dictionary<string, AugmentationOptions> Presets = new(StringComparer.OrdinalIgnoreCase)
    {
        ["none"] = new(),
        ["light"] = new() { Rotation = 8, Scale = 0.08f, Shear = 0.1f, Translation = 1 },
        ["standard"] = new() { Rotation = 10, Scale = 0.1f, Shear = 0.15f, Translation = 1.5f, Elastic = 0.7f },
        ["strong"] = new() { Rotation = 15, Scale = 0.15f, Shear = 0.25f, Translation = 2, Elastic = 1, Erasing = 0.25f, Noise = 0.1f, Perspective = 0.1f, Thickness = 0.6f, Damage = 0.2f, Picture = 0.15f, Aspect = 0.3f },
    };

    /// <summary>What <c>affine</c> stands for.</summary>
    private static readonly string[] Affine = ["rotation", "scale", "shear", "translation"];

    /// <summary>What <see cref="Parse"/> takes, for help texts.</summary>
    public const string Syntax = "none, light, standard, strong, or a list of affine (that is rotation, scale, shear, translation), aspect, elastic, perspective, thickness, picture, erasing, noise, damage such as affine,rotation=5,damage";

    /// <summary>Whether there is nothing to do.</summary>
    public bool IsNone => this == Presets["none"];

    /// <summary>Reads a preset's name, or a comma-separated list of <c>affine</c> (rotation, scale, shear, translation), <c>elastic</c>,
    /// <c>erasing</c>, <c>noise</c>, <c>perspective</c>, <c>thickness</c>, <c>picture</c>, <c>damage</c>, <c>rotation</c>, <c>scale</c>, <c>aspect</c>, <c>shear</c>, <c>translation</c>, each but the first with an optional <c>=value</c>.
    /// A preset may start the list.</summary>
    /// <exception cref="FormatException">A term is unknown, its value is no number from 0 to its largest sensible value, or it undoes what stands before it.</exception>
    public static AugmentationOptions Parse(string text)
    {
        AugmentationOptions options = Presets["none"], usual = Presets["strong"] with { Rotation = 10, Scale = 0.1f, Shear = 0.15f, Translation = 1.5f, Elastic = 0.7f };
        var given = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (string term in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (Presets.TryGetValue(term, out AugmentationOptions? preset))
            {
                if (given.Count > 0) throw new FormatException($"augmentation '{term}': a preset is expected at the start of the list");
                options = preset;
                given.Add(term);
                continue;
            }
            int equals = term.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? term : term[..equals];
            float? value = null;
            if (equals >= 0)
            {
                float largest = Largest(name) ?? throw Unknown(term);
                if (!float.TryParse(term.AsSpan(equals + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out float number) || !(number >= 0 && number <= largest))
                    throw new FormatException($"augmentation '{term}': expected a number from 0 to {largest} after '='");
                value = number;
            }
            options = name.ToLowerInvariant() switch
            {
                "affine" => options with { Rotation = usual.Rotation, Scale = usual.Scale, Shear = usual.Shear, Translation = usual.Translation },
                "rotation" => options with { Rotation = value ?? usual.Rotation },
                "scale" => options with { Scale = value ?? usual.Scale },
                "aspect" => options with { Aspect = value ?? usual.Aspect },
                "shear" => options with { Shear = value ?? usual.Shear },
                "translation" => options with { Translation = value ?? usual.Translation },
                "elastic" => options with { Elastic = value ?? usual.Elastic },
                "erasing" => options with { Erasing = value ?? usual.Erasing },
                "perspective" => options with { Perspective = value ?? usual.Perspective },
                "thickness" => options with { Thickness = value ?? usual.Thickness },
                "damage" => options with { Damage = value ?? usual.Damage },
                "picture" => options with { Picture = value ?? usual.Picture },
                "noise" => options with { Noise = value ?? usual.Noise },
                _ => throw Unknown(term),
            };
            if (!given.Add(name) || name.Equals("affine", StringComparison.OrdinalIgnoreCase) && given.Overlaps(Affine))
                throw new FormatException($"augmentation '{term}' undoes what stands before it; each is expected once, and affine before rotation, scale, shear and translation");
        }
        return options;
    }

    private static FormatException Unknown(string term) => new($"augmentation '{term}' is unknown; expected {Syntax}");

    /// <summary>The largest value that a term takes; null where it takes none.</summary>
    private static float? Largest(string name) => name.ToLowerInvariant() switch
    {
        "rotation" => 180,
        "translation" => 14,
        "elastic" => 5,
        "scale" => 0.9f,
        "perspective" => 0.5f,
        "aspect" or "shear" or "erasing" or "thickness" or "damage" or "picture" or "noise" => 1,
        _ => null,
    };
}
