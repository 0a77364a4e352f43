using Recognizer.Inference.Onnx;
using static Recognizer.Tests.Engine.Operators.OperatorCheck;

namespace Recognizer.Tests.Engine.Operators;

public sealed class DenseTests
{
    // A = 1 2 / 3 4 / 5 6, B = 1 2 3 / 4 5 6
    private static readonly Tensor s_a = Counting(3, 2), s_b = Counting(2, 3);

    [Fact]
    public void Gemm_multiplies_and_adds()
    {
        Floats("Gemm", [9, 12, 15, 19, 26, 33, 29, 40, 51], [3, 3], [s_a, s_b]);
        // 2·A·B + 0.5·C, C one per column
        Floats("Gemm", [19, 26, 33, 39, 54, 69, 59, 82, 105], [3, 3], [s_a, s_b, Floats([3], 2, 4, 6)], 17, ("alpha", 2f), ("beta", 0.5f));
        Floats("Gemm", [10, 13, 16, 21, 28, 35, 32, 43, 54], [3, 3], [s_a, s_b, Floats([3, 1], 1, 2, 3)]);
    }

    [Fact]
    public void Gemm_transposes()
    {
        // Aᵀ·Bᵀ is (B·A)ᵀ; B·A = 22 28 / 49 64
        Floats("Gemm", [22, 49, 28, 64], [2, 2], [s_a, s_b], 17, ("transA", 1), ("transB", 1));
        Assert.Contains("inner", Refusal("Gemm", [s_a, s_b], 17, 1, ("transA", 1)), StringComparison.Ordinal);
        Assert.Contains("broadcast", Refusal("Gemm", [s_a, s_b, Counting(4, 1, 3)]), StringComparison.Ordinal);
        Assert.Contains("rank 2", Refusal("Gemm", [Counting(1, 3, 2), s_b]), StringComparison.Ordinal);
    }

    [Fact]
    public void MatMul_treats_vectors_and_stacks_as_numpy_does()
    {
        Floats("MatMul", [22, 28, 49, 64], [2, 2], [s_b, s_a]);
        Floats("MatMul", [5, 11, 17], [3], [s_a, Counting(2)]);
        Floats("MatMul", [9, 12, 15], [3], [Counting(2), s_b]);
        Floats("MatMul", [5], [], [Counting(2), Counting(2)]);
        // two matrices on the left, one on the right
        Floats("MatMul", [1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2], [Counting(2, 2, 2), Floats([2, 2], 1, 0, 0, 1)]);
        // one matrix per row vector: (1 2)·(1 0 / 0 1), (3 4)·(0 1 / 1 0)
        Floats("MatMul", [1, 2, 4, 3], [2, 1, 2], [Counting(2, 1, 2), Floats([2, 2, 2], 1, 0, 0, 1, 0, 1, 1, 0)]);
    }

    [Fact]
    public void MatMul_takes_integers_and_refuses_what_does_not_fit()
    {
        Same<int>([11], [1, 1], Evaluate("MatMul", [Tensor.Create([1, 2], 1, 2), Tensor.Create([3, 4], 2, 1)])[0]);
        Assert.Contains("inner", Refusal("MatMul", [s_a, s_a]), StringComparison.Ordinal);
        Refusal("MatMul", [Counting(2, 1, 2), Counting(3, 2, 1)]);
        Refusal("MatMul", [Tensor.Scalar(1f), s_a]);
    }

    [Fact]
    public void Batch_normalisation_uses_the_running_statistics()
    {
        // channel 0: (x − 1) / √(4 + 0) · 3 + 10, channel 1: (x − 2) / √(0.25) · 1 + 0
        Floats("BatchNormalization", [10, 11.5f, 2, 4], [1, 2, 2],
            [Counting(1, 2, 2), Floats([2], 3, 1), Floats([2], 10, 0), Floats([2], 1, 2), Floats([2], 4, 0.25f)], 17, ("epsilon", 0f));
    }

    [Fact]
    public void Batch_normalisation_in_training_mode_moves_them()
    {
        // values 1 2 | 3 4 of one channel: mean 2.5, variance 1.25; running 0 and 1 move a tenth of the way
        Tensor[] outputs = Evaluate("BatchNormalization", [Counting(2, 1, 2), Floats([1], 1), Floats([1], 0), Floats([1], 0), Floats([1], 1)], 15, 3, ("training_mode", 1), ("epsilon", 0f));
        float s = 1 / MathF.Sqrt(1.25f);
        Same<float>([-1.5f * s, -0.5f * s, 0.5f * s, 1.5f * s], [2, 1, 2], outputs[0]);
        Same<float>([0.25f], [1], outputs[1]);
        Same<float>([1.025f], [1], outputs[2]);
        Refusal("BatchNormalization", [Counting(2, 1, 2), Floats([1], 1), Floats([1], 0), Floats([1], 0), Floats([1], 1)], 15, 3);
        Assert.Contains("expected 1 elements", Refusal("BatchNormalization", [Counting(2, 1, 2), Counting(2), Floats([1], 0), Floats([1], 0), Floats([1], 1)]), StringComparison.Ordinal);
    }

    [Fact]
    public void Softmax_sums_along_one_axis_from_operator_set_13()
    {
        // e^0 : e^ln3 = 1 : 3
        float ln3 = MathF.Log(3);
        Floats("Softmax", [0.25f, 0.75f, 0.5f, 0.5f], [2, 2], [Floats([2, 2], 0, ln3, 7, 7)]);
        Floats("Softmax", [0.25f, 0.5f, 0.75f, 0.5f], [2, 2], [Floats([2, 2], 0, 7, ln3, 7)], 13, ("axis", 0));
        Floats("LogSoftmax", [-1.3862944f, -0.2876821f], [1, 2], [Floats([1, 2], 0, ln3)]);
        Floats("Softmax", [0.5f, 0.5f], [2], [Floats([2], 1e30f, 1e30f)]);
    }

    [Fact]
    public void Softmax_sums_over_rows_before_operator_set_13()
    {
        // the default axis 1 makes one row of [1, 2, 2]: all four elements share a sum
        Floats("Softmax", [0.25f, 0.25f, 0.25f, 0.25f], [1, 2, 2], [Floats([1, 2, 2], 5, 5, 5, 5)], 11);
        Floats("Softmax", [0.5f, 0.5f, 0.5f, 0.5f], [1, 2, 2], [Floats([1, 2, 2], 5, 5, 5, 5)], 13);
        Floats("LogSoftmax", [0, 0], [2, 1], [Floats([2, 1], 5, 6)], 11);
    }

    [Fact]
    public void Reductions_run_over_the_named_axes()
    {
        Tensor x = Counting(2, 3);
        Floats("ReduceMean", [3.5f], [1, 1], [x]);
        Floats("ReduceMean", [2, 5], [2], [x], 17, ("axes", new[] { -1 }), ("keepdims", 0));
        Floats("ReduceMean", [2.5f, 3.5f, 4.5f], [1, 3], [x, Longs(0)], 18);
        Floats("ReduceMean", [1, 2, 3, 4, 5, 6], [2, 3], [x], 18, ("noop_with_empty_axes", 1));
        Floats("ReduceSum", [6, 15], [2, 1], [x, Longs(1)]);
        Floats("ReduceMax", [3, 6], [2, 1], [x], 17, ("axes", new[] { 1 }));
        Floats("ReduceMin", [1], [], [x], 17, ("keepdims", 0));
        Same<int>([-1], [1], Evaluate("ReduceMean", [Tensor.Vector(-1, -2)])[0]);
        Floats("ReduceMax", [-3], [1], [Floats([2], -3, -4)]);
        Same<bool>([true, false], [2, 1], Evaluate("ReduceMax", [Tensor.Create(new[] { false, true, false, false }, 2, 2), Longs(1)], 20)[0]);
        Same<bool>([false, true], [2], Evaluate("ReduceMin", [Tensor.Create(new[] { false, true, true, true }, 2, 2), Longs(1)], 20, 1, ("keepdims", 0))[0]);
        Refusal("ReduceMax", [Tensor.Vector(true)], 18);
        Refusal("ReduceSum", [Tensor.Vector(true)], 20);
        Refusal("ReduceMean", [x], 17, 1, ("axes", new[] { 2 }));
        Refusal("ReduceMean", [Floats([0])]);
        Floats("ReduceMax", [float.NegativeInfinity], [1], [Floats([0])]);
        Floats("ReduceMin", [float.PositiveInfinity, float.PositiveInfinity], [2, 1], [Floats([2, 0])], 17, ("axes", new[] { 1 }));
        Same<int>([int.MinValue], [1], Evaluate("ReduceMax", [Tensor.Vector<int>()])[0]);
    }

    [Fact]
    public void Normalisations_give_mean_0_and_variance_1()
    {
        float s = 1 / MathF.Sqrt(0.25f);
        Floats("InstanceNormalization", [10 - 2 * 0.5f * s, 10 + 2 * 0.5f * s], [1, 1, 2], [Counting(1, 1, 2), Floats([1], 2), Floats([1], 10)], 17, ("epsilon", 0f));
        Floats("LayerNormalization", [-1, 1, 9, 11], [2, 2], [Counting(2, 2), Floats([2], 1, 1), Floats([2, 1], 0, 10)], 17, ("epsilon", 0f));
        // 1 / (1 + 2/2·(1 + 4))^1, 2 / the same; channels 1 and 2 of size 2 see themselves and the next
        Floats("LRN", [1f / 6, 2f / 5], [1, 2, 1], [Counting(1, 2, 1)], 17, ("size", 2), ("alpha", 2f), ("beta", 1f));
    }

    [Fact]
    public void Statistics_of_layers_are_floats_whatever_is_normalised()
    {
        Tensor x = Tensor.Create<Half>([(Half)1, (Half)2], 1, 2), one = Tensor.Vector((Half)1, (Half)1);
        Tensor[] results = Evaluate("LayerNormalization", [x, one], 17, 3, ("epsilon", 0f));
        Same<Half>([(Half)(-1), (Half)1], [1, 2], results[0]);
        Same<float>([1.5f], [1, 1], results[1]);
        Same<float>([2], [1, 1], results[2]);
        Assert.Equal(ElementType.Float, Evaluate("LayerNormalization", [Tensor.Create([1.0, 2], 1, 2), Tensor.Vector(1.0, 1)], 17, 3)[1].ElementType);
    }

    [Fact]
    public void Sums_of_halves_lose_nothing_on_the_way()
    {
        const int count = 4096;
        Tensor ones = Tensor.Create(Enumerable.Repeat((Half)1, count).ToArray(), 1, 1, 64, 64), row = ones.Reshape(1, count), column = ones.Reshape(count, 1);
        Same<Half>([(Half)1], [1, 1, 1, 1], Evaluate("GlobalAveragePool", [ones])[0]);
        Same<Half>([(Half)1], [1, 1, 1, 1], Evaluate("AveragePool", [ones], 17, 1, ("kernel_shape", new[] { 64, 64 }))[0]);
        Same<Half>([(Half)count], [1, 1, 1, 1], Evaluate("Conv", [ones, ones])[0]);
        Same<Half>([(Half)count], [1, 1], Evaluate("MatMul", [row, column])[0]);
        Same<Half>([(Half)count], [1, 1], Evaluate("Gemm", [row, column])[0]);
        Same<Half>([(Half)count], [1, 1], Evaluate("ReduceSum", [row])[0]);
        Same<Half>([(Half)1], [1, 1], Evaluate("ReduceMean", [row])[0]);
        Assert.All(Evaluate("Softmax", [row])[0].Span<Half>().ToArray(), share => Assert.Equal((Half)(1f / count), share));
        Tensor[] normalised = Evaluate("LayerNormalization", [Tensor.Create(Enumerable.Range(0, count).Select(i => (Half)(1 + i % 2 * 2)).ToArray(), 1, count), ones.Reshape(count)], 17, 1, ("epsilon", 0f));
        Assert.Equal([(Half)(-1), (Half)1], normalised[0].Span<Half>()[..2].ToArray());
    }
}
