using Recognizer.Inference.Engine;

namespace Recognizer.Training.Differentiation;

/// <summary>Sums over the images of each part, added up in the order of the parts so that the result doesn't depend on which thread
/// did which part.</summary>
internal sealed unsafe class Accumulator : IDisposable
{
    private readonly AlignedBuffer<float> _sums;
    private readonly int _length;
    private readonly int _stride;
    private readonly bool[] _isUsed;

    public Accumulator(int length, int parts)
    {
        _length = length;
        _stride = (length + 15) / 16 * 16;
        _isUsed = new bool[parts];
        _sums = new AlignedBuffer<float>((long)_stride * parts);
    }

    /// <summary>Number of parts up to the last that has sums: there may be fewer than there is room for.</summary>
    public int Parts => Array.LastIndexOf(_isUsed, true) + 1;

    /// <summary>Floats from one part's sums to the next.</summary>
    public int Stride => _stride;

    /// <summary>Sums of one part.</summary>
    public float* Part(int part)
    {
        _isUsed[part] = true;
        return _sums.Pointer + (long)part * _stride;
    }

    /// <summary>Writes the sum over all parts, or adds it, and starts again from zero.</summary>
    public void Finish(float* target, bool add)
    {
        if (!add) new Span<float>(target, _length).Clear();
        for (int p = 0, parts = Parts; p < parts; p++)
        {
            float* part = Part(p);
            for (int i = 0; i < _length; i++) target[i] += part[i];
        }
        Clear();
    }

    /// <summary>Starts again from zero.</summary>
    public void Clear()
    {
        new Span<float>(_sums.Pointer, checked(Parts * _stride)).Clear();
        Array.Clear(_isUsed);
    }

    public void Dispose() => _sums.Dispose();
}
