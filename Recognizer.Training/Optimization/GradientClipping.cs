using System.Numerics;
using System.Runtime.InteropServices;
using Recognizer.Inference.Engine;

namespace Recognizer.Training.Optimization;

/// <summary>Limits the size of gradients.</summary>
internal static class GradientClipping
{
    /// <summary>Scales all gradients so that their common Euclidean norm is at most <paramref name="largest"/>; returns the norm before.
    /// Squares are summed block by block and the blocks in their order, whatever the number of threads.</summary>
    public static double ByNorm(ParameterSet parameters, double largest)
    {
        var squares = new Squares(parameters);
        parameters.ForEachBlock(squares);
        double norm = Math.Sqrt(squares.Sums.Sum());
        if (norm > largest) parameters.ForEachBlock(new Scaling(parameters, (float)(largest / norm)));
        return norm;
    }

    private static Span<Vector<float>> Vectors(ParameterSet parameters, int block)
    {
        ParameterBlock b = parameters.Blocks[block];
        return MemoryMarshal.Cast<float, Vector<float>>(parameters.Gradients.Slice(b.Offset, b.Length));
    }

    private sealed class Squares(ParameterSet parameters) : IParallelWork
    {
        public double[] Sums { get; } = new double[parameters.Blocks.Count];

        public void Execute(int index, int worker)
        {
            Vector<double> sum = default;
            foreach (Vector<float> gradient in Vectors(parameters, index))
            {
                Vector.Widen(gradient, out Vector<double> low, out Vector<double> high);
                sum += low * low + high * high;
            }
            Sums[index] = Vector.Sum(sum);
        }
    }

    private sealed class Scaling(ParameterSet parameters, float factor) : IParallelWork
    {
        public void Execute(int index, int worker)
        {
            foreach (ref Vector<float> gradient in Vectors(parameters, index)) gradient *= factor;
        }
    }
}
