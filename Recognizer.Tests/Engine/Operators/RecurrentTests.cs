using Recognizer.Inference.Onnx;
using static Recognizer.Tests.Engine.Operators.OperatorCheck;

namespace Recognizer.Tests.Engine.Operators;

public sealed class RecurrentTests
{
    private static Tensor Sequence(params float[] values) => Floats([values.Length, 1, 1], values);

    private static Tensor Weights(params float[] values) => Floats([1, values.Length, 1], values);

    [Fact]
    public void Rnn_feeds_its_state_back()
    {
        // with the identity as activation: h = x + 2·h
        Tensor[] outputs = Evaluate("RNN", [Sequence(1, 2, 3), Weights(1), Weights(2)], 14, 2, ("hidden_size", 1), ("activations", new[] { "Affine" }));
        Same<float>([1, 4, 11], [3, 1, 1, 1], outputs[0]);
        Same<float>([11], [1, 1, 1], outputs[1]);
        Tensor[] backwards = Evaluate("RNN", [Sequence(1, 2, 3), Weights(1), Weights(2)], 14, 2, ("hidden_size", 1), ("activations", new[] { "Affine" }), ("direction", "reverse"));
        Same<float>([17, 8, 3], [3, 1, 1, 1], backwards[0]);
        Same<float>([17], [1, 1, 1], backwards[1]);
    }

    [Fact]
    public void Short_sequences_end_early()
    {
        Tensor[] outputs = Evaluate("RNN", [Sequence(1, 2, 3), Weights(1), Weights(2), null, Tensor.Vector(2)], 14, 2, ("hidden_size", 1), ("activations", new[] { "Affine" }), ("direction", "reverse"));
        Same<float>([5, 2, 0], [3, 1, 1, 1], outputs[0]);
        Same<float>([5], [1, 1, 1], outputs[1]);
        Refusal("RNN", [Sequence(1), Weights(1), Weights(2), null, Tensor.Vector(2)], 14, 1, ("hidden_size", 1));
    }

    [Fact]
    public void Gru_mixes_old_and_new_state()
    {
        // z = σ(0) = 1/2, r = σ(0) = 1/2, candidate = x + r·h; h = (candidate + h) / 2
        Tensor[] outputs = Evaluate("GRU", [Sequence(2, 2), Weights(0, 0, 1), Weights(0, 0, 1)], 14, 2, ("hidden_size", 1), ("activations", new[] { "Sigmoid", "Affine" }));
        Same<float>([1, 1.75f], [2, 1, 1, 1], outputs[0]);
    }

    [Fact]
    public void Lstm_gates_its_cell()
    {
        // i = o = f = 1/2, candidate = x: c = c/2 + x/2, h = c/2
        Tensor[] outputs = Evaluate("LSTM", [Sequence(2, 4), Weights(0, 0, 0, 1), Weights(0, 0, 0, 0)], 14, 3, ("hidden_size", 1), ("activations", new[] { "Sigmoid", "Affine", "Affine" }));
        Same<float>([0.5f, 1.25f], [2, 1, 1, 1], outputs[0]);
        Same<float>([1.25f], [1, 1, 1], outputs[1]);
        Same<float>([2.5f], [1, 1, 1], outputs[2]);
        Refusal("LSTM", [Sequence(2, 4), Weights(0, 0, 0), Weights(0, 0, 0, 0)], 14, 1, ("hidden_size", 1));
        Refusal("LSTM", [Sequence(2, 4), Weights(0, 0, 0, 1), Weights(0, 0, 0, 0)], 14, 1, ("activations", new[] { "Sine", "Tanh", "Tanh" }));
    }

    [Fact]
    public void Both_layouts_and_directions_agree()
    {
        Tensor w = Floats([2, 1, 1], 1, 1), r = Floats([2, 1, 1], 2, 3);
        (string, object)[] attributes = [("hidden_size", 1), ("direction", "bidirectional"), ("activations", new[] { "Affine", "Affine" })];
        // two sequences of two: (1, 2) and (10, 20), time first and batch first
        Tensor[] timeFirst = Evaluate("RNN", [Floats([2, 2, 1], 1, 10, 2, 20), w, r], 14, 2, attributes);
        Same<float>([1, 10, 7, 70, 4, 40, 2, 20], [2, 2, 2, 1], timeFirst[0]);
        Tensor[] batchFirst = Evaluate("RNN", [Floats([2, 2, 1], 1, 2, 10, 20), w, r], 14, 2, [.. attributes, ("layout", 1)]);
        Same<float>([1, 7, 4, 2, 10, 70, 40, 20], [2, 2, 2, 1], batchFirst[0]);
        Same<float>([4, 7, 40, 70], [2, 2, 1], batchFirst[1]);
    }
}
