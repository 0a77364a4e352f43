namespace Recognizer.Inference;

/// <summary>Models that are part of the library.</summary>
public enum ShippedModel
{
    /// <summary>0 … 9, A … Z and a … z: the most accurate model.</summary>
    Characters,

    /// <summary>0 … 9: the smallest model.</summary>
    Digits,
}
