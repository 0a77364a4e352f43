using System.Numerics;
using System.Runtime.InteropServices;
using Recognizer.Inference.Engine;

namespace Recognizer.Training.Optimization;

/// <summary>Changes parameters along their gradients. Everything an optimiser remembers is in <see cref="State"/> and the number of the
/// step, so that it can be saved and put back.</summary>
internal abstract class Optimizer
{
    /// <summary>The names that <see cref="Create"/> takes.</summary>
    public static IReadOnlyList<string> Names { get; } = ["adam", "adamw", "sgd"];

    private readonly float _weightDecay;
    private readonly float[][] _state;

    private protected Optimizer(ParameterSet parameters, float weightDecay, params ReadOnlySpan<string> state)
    {
        Parameters = parameters;
        _weightDecay = weightDecay;
        _state = new float[state.Length][];
        var named = new (string, Memory<float>)[state.Length];
        for (int i = 0; i < state.Length; i++)
        {
            _state[i] = new float[parameters.Length];
            named[i] = (state[i], _state[i]);
        }
        State = named;
    }

    /// <summary>What is remembered between steps: buffers laid out as the parameters.</summary>
    public IReadOnlyList<(string Name, Memory<float> Values)> State { get; }

    private protected ParameterSet Parameters { get; }

    /// <summary>Creates an optimiser.</summary>
    /// <param name="name">adam, adamw or sgd.</param>
    /// <param name="parameters">What it changes.</param>
    /// <param name="weightDecay">Added to the gradient as decay · weight (adam, sgd), or taken from the weight as rate · decay · weight (adamw); for
    /// parameters that decay only.</param>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static Optimizer Create(string name, ParameterSet parameters, float weightDecay) => name switch
    {
        "adam" => new Adam(parameters, weightDecay, decoupled: false),
        "adamw" => new Adam(parameters, weightDecay, decoupled: true),
        "sgd" => new Sgd(parameters, weightDecay),
        _ => throw new ArgumentException($"There is no optimiser '{name}'; there are {string.Join(", ", Names)}.", nameof(name)),
    };

    /// <summary>Takes one step.</summary>
    /// <param name="learningRate">Size of the step.</param>
    /// <param name="step">Number of the step, from 0.</param>
    public void Step(float learningRate, long step) => Parameters.ForEachBlock(new Pass(this, learningRate, step));

    /// <summary>Changes a block of parameters; gaps up to a multiple of 16 are zero and stay so.</summary>
    private protected abstract void Update(int offset, int length, float learningRate, float weightDecay, long step);

    /// <summary>A part of a state buffer.</summary>
    private protected Span<float> Slice(int state, int offset, int length) => _state[state].AsSpan(offset, length);

    private sealed class Pass(Optimizer optimizer, float learningRate, long step) : IParallelWork
    {
        public void Execute(int index, int worker)
        {
            ParameterBlock block = optimizer.Parameters.Blocks[index];
            optimizer.Update(block.Offset, block.Length, learningRate, block.Decayed ? optimizer._weightDecay : 0, step);
        }
    }

    /// <summary>Several numbers at a time; lengths are multiples of 16.</summary>
    private protected static Span<Vector<float>> Vectors(Span<float> values) => MemoryMarshal.Cast<float, Vector<float>>(values);
}

/// <summary>Adam (Kingma, Ba 2015) with β = 0.9, 0.999, ε = 1e-8; with decoupled weight decay it is AdamW (Loshchilov, Hutter 2019).</summary>
internal sealed class Adam(ParameterSet parameters, float weightDecay, bool decoupled) : Optimizer(parameters, weightDecay, "mean", "square")
{
    private const float Beta1 = 0.9f;
    private const float Beta2 = 0.999f;
    private const float Epsilon = 1e-8f;

    // m ← β₁ m + (1 − β₁) g;  v ← β₂ v + (1 − β₂) g²;  w ← w − rate · m̂ / (√v̂ + ε), m̂ and v̂ being m and v divided by 1 − βᵗ
    private protected override void Update(int offset, int length, float learningRate, float weightDecay, long step)
    {
        Span<Vector<float>> weights = Vectors(Parameters.Values.Slice(offset, length)), gradients = Vectors(Parameters.Gradients.Slice(offset, length));
        Span<Vector<float>> means = Vectors(Slice(0, offset, length)), squares = Vectors(Slice(1, offset, length));
        float shrink = decoupled ? 1 - learningRate * weightDecay : 1, added = decoupled ? 0 : weightDecay;
        float rate = (float)(learningRate / (1 - Math.Pow(Beta1, step + 1)));
        float root = (float)(1 / Math.Sqrt(1 - Math.Pow(Beta2, step + 1)));
        for (int i = 0; i < weights.Length; i++)
        {
            Vector<float> weight = weights[i], gradient = gradients[i] + weight * added;
            Vector<float> mean = means[i] * Beta1 + gradient * (1 - Beta1);
            Vector<float> square = squares[i] * Beta2 + gradient * gradient * (1 - Beta2);
            means[i] = mean;
            squares[i] = square;
            weights[i] = weight * shrink - mean * rate / (Vector.SquareRoot(square) * root + new Vector<float>(Epsilon));
        }
    }
}

/// <summary>Stochastic gradient descent with Nesterov's momentum 0.9, as PyTorch writes it (Sutskever et al. 2013).</summary>
internal sealed class Sgd(ParameterSet parameters, float weightDecay) : Optimizer(parameters, weightDecay, "momentum")
{
    private const float Momentum = 0.9f;

    // v ← μ v + g;  w ← w − rate · (g + μ v)
    private protected override void Update(int offset, int length, float learningRate, float weightDecay, long step)
    {
        Span<Vector<float>> weights = Vectors(Parameters.Values.Slice(offset, length)), gradients = Vectors(Parameters.Gradients.Slice(offset, length));
        Span<Vector<float>> velocities = Vectors(Slice(0, offset, length));
        for (int i = 0; i < weights.Length; i++)
        {
            Vector<float> weight = weights[i], gradient = gradients[i] + weight * weightDecay;
            Vector<float> velocity = velocities[i] * Momentum + gradient;
            velocities[i] = velocity;
            weights[i] = weight - (gradient + velocity * Momentum) * learningRate;
        }
    }
}
