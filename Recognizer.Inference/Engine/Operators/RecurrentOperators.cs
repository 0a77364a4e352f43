using System.Numerics;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>What RNN, GRU and LSTM share: sequences of different lengths, one or two directions, both layouts.</summary>
/// <param name="gates">Number of gates, whose weights lie one behind the other.</param>
/// <param name="cell">Whether there is a cell state beside the hidden state.</param>
/// <param name="defaults">Activation functions of one direction.</param>
internal abstract class RecurrentOperator(int gates, bool cell, params string[] defaults) : FloatOperator
{
    protected sealed override Tensor[] Compute<T>(Node node, int opset, ReadOnlySpan<Tensor?> inputs)
    {
        Tensor x = inputs.Required(node, 0), w = inputs.Required(node, 1), r = inputs.Required(node, 2);
        for (int i = 0; i < 3; i++) inputs.Required(node, i).RequireRank(node, i, 3, 3);
        bool batchFirst = node.Int("layout", 0) != 0;
        string direction = node.String("direction", "forward");
        int directions = direction switch
        {
            "forward" or "reverse" => 1,
            "bidirectional" => 2,
            _ => throw new OnnxException($"{node}: attribute 'direction' is '{direction}', expected forward, reverse or bidirectional."),
        };
        int steps = x.Shape[batchFirst ? 1 : 0], batch = x.Shape[batchFirst ? 0 : 1], width = x.Shape[2], hidden = r.Shape[2];
        RequireShape(node, w, 1, directions, gates * hidden, width);
        RequireShape(node, r, 2, directions, gates * hidden, hidden);
        if (node.Int("hidden_size", hidden) != hidden) OperatorInputs.Fail(node, $"attribute 'hidden_size' is {node.Int("hidden_size", 0)}, but the weights have {hidden}");
        ReadOnlySpan<T> input = x.Values<T>(node, 0), weights = w.Values<T>(node, 1), recurrence = r.Values<T>(node, 2);
        T[] bias = Parameter<T>(node, inputs, 3, directions, 2 * gates * hidden);
        int[] lengths = Lengths(node, inputs.Optional(4), steps, batch);
        T[] state = State<T>(node, inputs, 5, batchFirst, directions, batch, hidden);
        T[] cells = cell ? State<T>(node, inputs, 6, batchFirst, directions, batch, hidden) : [];
        T[] peepholes = cell ? Parameter<T>(node, inputs, 7, directions, 3 * hidden) : [];
        Activations functions = Activations.Of(node, directions, defaults);

        // both here in the layout [steps, directions, batch, hidden] of layout 0
        T[] output = OperatorInputs.Allocate<T>(node, [steps, directions, batch, hidden]);
        T[] fromInput = new T[gates * hidden], fromState = new T[gates * hidden];
        for (int d = 0; d < directions; d++)
        {
            ReadOnlySpan<T> directionWeights = weights.Slice(d * gates * hidden * width, gates * hidden * width);
            ReadOnlySpan<T> directionRecurrence = recurrence.Slice(d * gates * hidden * hidden, gates * hidden * hidden);
            ReadOnlySpan<T> inputBias = bias.AsSpan(2 * d * gates * hidden, gates * hidden), stateBias = bias.AsSpan((2 * d + 1) * gates * hidden, gates * hidden);
            bool backwards = direction == "reverse" || d == 1;
            for (int b = 0; b < batch; b++)
            {
                Span<T> h = state.AsSpan((d * batch + b) * hidden, hidden);
                Span<T> c = cell ? cells.AsSpan((d * batch + b) * hidden, hidden) : default;
                for (int s = 0; s < lengths[b]; s++)
                {
                    int step = backwards ? lengths[b] - 1 - s : s;
                    ReadOnlySpan<T> row = input.Slice((batchFirst ? b * steps + step : step * batch + b) * width, width);
                    Affine(directionWeights, row, inputBias, fromInput);
                    Affine(directionRecurrence, h, stateBias, fromState);
                    var activation = new Activations(functions, d * defaults.Length);
                    Step<T>(node, new Cell<T>(fromInput, fromState, directionRecurrence, stateBias, cell ? peepholes.AsSpan(3 * d * hidden, 3 * hidden) : default), activation, h, c);
                    h.CopyTo(output.AsSpan(((step * directions + d) * batch + b) * hidden));
                }
            }
        }
        Tensor y = Tensor.Create(output, steps, directions, batch, hidden), last = Tensor.Create(state, directions, batch, hidden);
        Tensor? lastCell = cell ? Tensor.Create(cells, directions, batch, hidden) : null;
        if (batchFirst)
        {
            y = Transpose.Permute<T>(node, y, [2, 0, 1, 3]);
            last = Transpose.Permute<T>(node, last, [1, 0, 2]);
            lastCell = lastCell is null ? null : Transpose.Permute<T>(node, lastCell, [1, 0, 2]);
        }
        return lastCell is null ? [y, last] : [y, last, lastCell];
    }

    /// <summary>Computes the next hidden (and cell) state in place.</summary>
    protected abstract void Step<T>(Node node, in Cell<T> cell, in Activations activations, Span<T> h, Span<T> c) where T : unmanaged, IFloatingPointIeee754<T>;

    /// <summary>What one step of one sequence reads.</summary>
    protected readonly ref struct Cell<T>(ReadOnlySpan<T> fromInput, ReadOnlySpan<T> fromState, ReadOnlySpan<T> recurrence, ReadOnlySpan<T> stateBias, ReadOnlySpan<T> peepholes)
    {
        /// <summary>W·x + Wb of each gate, one behind the other.</summary>
        public ReadOnlySpan<T> FromInput { get; } = fromInput;

        /// <summary>R·h + Rb of each gate.</summary>
        public ReadOnlySpan<T> FromState { get; } = fromState;

        /// <summary>R.</summary>
        public ReadOnlySpan<T> Recurrence { get; } = recurrence;

        /// <summary>Rb.</summary>
        public ReadOnlySpan<T> StateBias { get; } = stateBias;

        /// <summary>P, of the input, output and forget gates.</summary>
        public ReadOnlySpan<T> Peepholes { get; } = peepholes;
    }

    /// <summary>output = matrix·vector + bias.</summary>
    protected static void Affine<T>(ReadOnlySpan<T> matrix, ReadOnlySpan<T> vector, ReadOnlySpan<T> bias, Span<T> output) where T : INumber<T>
    {
        for (int i = 0; i < output.Length; i++)
        {
            T sum = bias[i];
            for (int j = 0; j < vector.Length; j++) sum += matrix[i * vector.Length + j] * vector[j];
            output[i] = sum;
        }
    }

    private static void RequireShape(Node node, Tensor tensor, int index, params ReadOnlySpan<int> shape)
    {
        if (!tensor.Shape.SequenceEqual(shape)) OperatorInputs.Fail(node, $"input {index} has the shape {Shapes.Text(tensor.Shape)}, expected {Shapes.Text(shape)}");
    }

    private static T[] Parameter<T>(Node node, ReadOnlySpan<Tensor?> inputs, int index, int directions, int length)
    {
        if (inputs.Optional(index) is not { } given) return OperatorInputs.Allocate<T>(node, [directions, length]);
        RequireShape(node, given, index, directions, length);
        return given.Values<T>(node, index).ToArray();
    }

    private static T[] State<T>(Node node, ReadOnlySpan<Tensor?> inputs, int index, bool batchFirst, int directions, int batch, int hidden)
    {
        if (inputs.Optional(index) is not { } given) return OperatorInputs.Allocate<T>(node, [directions, batch, hidden]);
        given.Values<T>(node, index);
        RequireShape(node, given, index, batchFirst ? batch : directions, batchFirst ? directions : batch, hidden);
        return (batchFirst ? Transpose.Permute<T>(node, given, [1, 0, 2]) : given).Span<T>().ToArray();
    }

    private static int[] Lengths(Node node, Tensor? given, int steps, int batch)
    {
        int[] lengths = OperatorInputs.Allocate<int>(node, [batch]);
        Array.Fill(lengths, steps);
        if (given is null) return lengths;
        RequireShape(node, given, 4, batch);
        given.Values<int>(node, 4).CopyTo(lengths);
        foreach (int length in lengths)
        {
            if (length < 0 || length > steps) OperatorInputs.Fail(node, $"a sequence length is {length}, expected 0 to {steps}");
        }
        return lengths;
    }

    /// <summary>Activation functions by name, with their parameters.</summary>
    protected readonly struct Activations
    {
        private readonly (string Name, float Alpha, float Beta)[] _functions;
        private readonly int _first;
        private readonly float _clip;

        private Activations((string, float, float)[] functions, float clip)
        {
            _functions = functions;
            _clip = clip;
        }

        /// <summary>Those of one direction.</summary>
        public Activations(in Activations all, int first)
        {
            _functions = all._functions;
            _clip = all._clip;
            _first = first;
        }

        /// <summary>Reads activations, activation_alpha, activation_beta and clip.</summary>
        public static Activations Of(Node node, int directions, string[] defaults)
        {
            int count = directions * defaults.Length;
            string[] names = node.Strings("activations") ?? [.. Enumerable.Range(0, count).Select(i => defaults[i % defaults.Length])];
            if (names.Length != count) OperatorInputs.Fail(node, $"attribute 'activations' has {names.Length} names, expected {count}");
            // the lists hold a value only for functions that take one, in their order
            var alphas = new Queue<float>(node.Floats("activation_alpha") ?? []);
            var betas = new Queue<float>(node.Floats("activation_beta") ?? []);
            float clip = node.Float("clip", 0);
            return new Activations(Array.ConvertAll(names, name =>
            {
                (float? alpha, float? beta) = name.ToUpperInvariant() switch
                {
                    "RELU" or "TANH" or "SIGMOID" or "SOFTSIGN" or "SOFTPLUS" => ((float?)null, (float?)null),
                    "LEAKYRELU" => (0.01f, null),
                    "THRESHOLDEDRELU" or "ELU" => (1f, null),
                    "HARDSIGMOID" => (0.2f, 0.5f),
                    "AFFINE" => (1f, 0f),
                    "SCALEDTANH" => (1f, 1f),
                    _ => throw new OnnxException($"{node}: the activation '{name}' is not known."),
                };
                if (alpha is not null && alphas.TryDequeue(out float a)) alpha = a;
                if (beta is not null && betas.TryDequeue(out float b)) beta = b;
                return (name.ToUpperInvariant(), alpha ?? 0, beta ?? 0);
            }), clip);
        }

        /// <summary>Clips to ±clip, if asked, and applies a function.</summary>
        public T Apply<T>(int index, T x) where T : IFloatingPointIeee754<T>
        {
            (string name, float alpha, float beta) = _functions[_first + index];
            if (_clip > 0) x = T.Clamp(x, T.CreateTruncating(-_clip), T.CreateTruncating(_clip));
            T a = T.CreateTruncating(alpha), b = T.CreateTruncating(beta);
            return name switch
            {
                "RELU" => Relu.Apply(x),
                "TANH" => T.Tanh(x),
                "SIGMOID" => new Sigmoid().Apply(x),
                "SOFTSIGN" => new Softsign().Apply(x),
                "SOFTPLUS" => new Softplus().Apply(x),
                "LEAKYRELU" => new LeakyRelu(alpha).Apply(x),
                "THRESHOLDEDRELU" => x > a ? x : T.Zero,
                "ELU" => new Elu(alpha).Apply(x),
                "HARDSIGMOID" => new HardSigmoid(alpha, beta).Apply(x),
                "AFFINE" => a * x + b,
                _ => a * T.Tanh(b * x),
            };
        }
    }
}

/// <summary>RNN: h = f(W·x + R·h + b).</summary>
internal sealed class SimpleRecurrentNetwork() : RecurrentOperator(1, false, "Tanh")
{
    protected override void Step<T>(Node node, in Cell<T> cell, in Activations activations, Span<T> h, Span<T> c)
    {
        for (int i = 0; i < h.Length; i++) h[i] = activations.Apply(0, cell.FromInput[i] + cell.FromState[i]);
    }
}

/// <summary>GRU, gates in the order update z, reset r, hidden: h' = g(Wx + r⊙(Rh) or R(r⊙h)), h = (1 − z)⊙h' + z⊙h.</summary>
internal sealed class GatedRecurrentUnit() : RecurrentOperator(3, false, "Sigmoid", "Tanh")
{
    protected override void Step<T>(Node node, in Cell<T> cell, in Activations activations, Span<T> h, Span<T> c)
    {
        int size = h.Length;
        T[] update = new T[size], reset = new T[size], candidate = new T[size];
        for (int i = 0; i < size; i++)
        {
            update[i] = activations.Apply(0, cell.FromInput[i] + cell.FromState[i]);
            reset[i] = activations.Apply(0, cell.FromInput[size + i] + cell.FromState[size + i]);
        }
        if (node.Int("linear_before_reset", 0) != 0)
        {
            for (int i = 0; i < size; i++) candidate[i] = reset[i] * cell.FromState[2 * size + i];
        }
        else
        {
            for (int i = 0; i < size; i++) reset[i] *= h[i];
            Affine(cell.Recurrence[(2 * size * size)..], reset, cell.StateBias[(2 * size)..], candidate);
        }
        for (int i = 0; i < size; i++)
        {
            T next = activations.Apply(1, cell.FromInput[2 * size + i] + candidate[i]);
            h[i] = (T.One - update[i]) * next + update[i] * h[i];
        }
    }
}

/// <summary>LSTM, gates in the order input i, output o, forget f, cell: c = f⊙c + i⊙g(…), h = o⊙h(c), with peepholes from the cell.</summary>
internal sealed class LongShortTermMemory() : RecurrentOperator(4, true, "Sigmoid", "Tanh", "Tanh")
{
    protected override void Step<T>(Node node, in Cell<T> cell, in Activations activations, Span<T> h, Span<T> c)
    {
        int size = h.Length;
        bool coupled = node.Int("input_forget", 0) != 0;
        for (int i = 0; i < size; i++)
        {
            T before = c[i];
            T input = activations.Apply(0, cell.FromInput[i] + cell.FromState[i] + cell.Peepholes[i] * before);
            T forget = coupled ? T.One - input
                : activations.Apply(0, cell.FromInput[2 * size + i] + cell.FromState[2 * size + i] + cell.Peepholes[2 * size + i] * before);
            T candidate = activations.Apply(1, cell.FromInput[3 * size + i] + cell.FromState[3 * size + i]);
            c[i] = forget * before + input * candidate;
            T output = activations.Apply(0, cell.FromInput[size + i] + cell.FromState[size + i] + cell.Peepholes[size + i] * c[i]);
            h[i] = output * activations.Apply(2, c[i]);
        }
    }
}
