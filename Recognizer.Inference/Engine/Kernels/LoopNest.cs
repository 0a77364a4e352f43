using System.Runtime.CompilerServices;

namespace Recognizer.Inference.Engine.Kernels;

/// <summary>Loops over the elements of up to four arrays that are laid out differently: a step per axis and operand, 0 where an operand is stretched.
/// Axes that are contiguous for every operand are merged, so that the innermost loop is as long as it can be.</summary>
internal sealed unsafe class LoopNest
{
    /// <summary>Operands of a nest; those that aren't needed have steps of 0.</summary>
    public const int Operands = 4;

    private readonly int[] _sizes;
    private readonly nint[] _steps;

    /// <param name="sizes">Size of each axis, outermost first.</param>
    /// <param name="steps">Steps in elements of each operand along these axes, at most <see cref="Operands"/>; the last operand is the one written.</param>
    public LoopNest(ReadOnlySpan<int> sizes, params ReadOnlySpan<nint[]> steps)
    {
        var mergedSizes = new List<int>();
        var mergedSteps = new List<nint[]>();
        for (int axis = 0; axis < sizes.Length; axis++)
        {
            var step = new nint[Operands];
            for (int i = 0; i < steps.Length; i++) step[Operands - steps.Length + i] = steps[i][axis];
            if (sizes[axis] == 1) continue;
            if (mergedSizes.Count > 0 && Mergeable(mergedSteps[^1], step, sizes[axis]))
            {
                mergedSizes[^1] *= sizes[axis];
                mergedSteps[^1] = step;
            }
            else
            {
                mergedSizes.Add(sizes[axis]);
                mergedSteps.Add(step);
            }
        }
        if (mergedSizes.Count == 0)
        {
            mergedSizes.Add(1);
            mergedSteps.Add(new nint[Operands]);
        }
        _sizes = [.. mergedSizes];
        _steps = new nint[_sizes.Length * Operands];
        for (int axis = 0; axis < _sizes.Length; axis++) mergedSteps[axis].CopyTo(_steps, axis * Operands);
    }

    /// <summary>Runs the innermost loop of a body over all elements.</summary>
    public void Run<TBody>(ref TBody body, float* a, float* b, float* c, float* result) where TBody : struct, ILoopBody =>
        Run(ref body, 0, a, b, c, result);

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private void Run<TBody>(ref TBody body, int axis, float* a, float* b, float* c, float* result) where TBody : struct, ILoopBody
    {
        int size = _sizes[axis];
        fixed (nint* steps = &_steps[axis * Operands])
        {
            if (axis == _sizes.Length - 1)
            {
                body.Run(size, a, steps[0], b, steps[1], c, steps[2], result, steps[3]);
                return;
            }
            for (int i = 0; i < size; i++)
            {
                Run(ref body, axis + 1, a, b, c, result);
                a += steps[0];
                b += steps[1];
                c += steps[2];
                result += steps[3];
            }
        }
    }

    private static bool Mergeable(nint[] outer, nint[] inner, int innerSize)
    {
        for (int i = 0; i < Operands; i++)
            if (outer[i] != inner[i] * innerSize) return false;
        return true;
    }
}

/// <summary>The innermost loop of a <see cref="LoopNest"/>.</summary>
internal unsafe interface ILoopBody
{
    /// <summary>Works on <paramref name="count"/> elements; operands that the body doesn't use may be null.</summary>
    void Run(int count, float* a, nint stepA, float* b, nint stepB, float* c, nint stepC, float* result, nint stepResult);
}
