using Recognizer.Inference.Engine.Kernels;
using Recognizer.Inference.Engine.Kernels.Matrices;

namespace Recognizer.Inference.Engine.Execution.Steps;

/// <summary>y = activation(x · B + bias) with constant B; x has one or more rows per image.</summary>
internal sealed unsafe class DenseStep : Step
{
    private readonly PackedMatrix _weights;
    private readonly AlignedBuffer<float>? _bias;
    private readonly Activation _activation;
    private readonly Slot _input;
    private readonly Slot _output;
    private readonly int _rows;
    private readonly int _inputStride;
    private readonly int _columns;

    /// <param name="weights">B as [depth, columns] row-major.</param>
    /// <param name="depth">Length of the sums: floats of a row, padding included (its weights are zero).</param>
    /// <param name="columns">Columns of B.</param>
    /// <param name="bias">[columns], or empty.</param>
    /// <param name="activation">Applied last.</param>
    /// <param name="rows">Rows per image.</param>
    /// <param name="input">[rows, depth] per image; an image is one row.</param>
    /// <param name="output">[rows, columns] per image.</param>
    public DenseStep(ReadOnlySpan<float> weights, int depth, int columns, ReadOnlySpan<float> bias, Activation activation, int rows, Slot input, Slot output)
        : base([input], [output])
    {
        _weights = new PackedMatrix(depth, columns, weights, transposed: false);
        if (bias.Length > 0)
        {
            _bias = new AlignedBuffer<float>(columns);
            bias.CopyTo(_bias.Span);
        }
        (_activation, _input, _output, _rows, _inputStride, _columns) = (activation, input, output, rows, depth, columns);
    }

    public override int PreferredImages => 14;

    public override string Description =>
        $"Dense {_inputStride}→{_columns}" + (_activation.Kind == ActivationKind.None ? "" : $" {_activation.Kind}");

    public override void Run(in StepContext context)
    {
        nint stride = _rows == 1 ? _input.ImageStride : _inputStride;
        _weights.Multiply(context.Images * _rows, context[_input], stride, context[_output], _columns, _bias is null ? null : _bias.Pointer, _activation);
        GC.KeepAlive(this);
    }

    public override void Dispose()
    {
        _weights.Dispose();
        _bias?.Dispose();
        base.Dispose();
    }
}
