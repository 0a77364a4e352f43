namespace Recognizer.Inference.Imaging;

/// <summary>How a character lies in the 28×28 input of a network. A model's metadata names the one that it was trained on.</summary>
public enum NormalizerLayout
{
    /// <summary>As in EMNIST: the longer side fills 24 pixels (soft edge included), centred by its box, two pixels of border.</summary>
    Emnist,

    /// <summary>As in MNIST: the longer side fills 20 pixels, centred by mass.</summary>
    Mnist,
}
