using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.Engine.Operators;

/// <summary>Finds the input cells under each window of a convolution or pooling, for any number of spatial axes.</summary>
internal sealed class WindowCells
{
    /// <summary>Mark of a cell in the declared padding.</summary>
    public const int InPadding = -1;

    /// <summary>Mark of a cell beyond the padding, which only ceil_mode reaches.</summary>
    public const int BeyondPadding = -2;

    private const int LargestWindow = 1 << 24;

    private readonly WindowGeometry _geometry;
    private readonly int[] _input, _inputStrides, _cells;

    /// <summary>Prepares for one node.</summary>
    /// <param name="node">For messages.</param>
    /// <param name="geometry">The windows.</param>
    /// <param name="input">Spatial dimensions of the input.</param>
    public WindowCells(Node node, WindowGeometry geometry, ReadOnlySpan<int> input)
    {
        long count = 1;
        foreach (int size in geometry.Kernel)
        {
            count *= size;
            if (count > LargestWindow) OperatorInputs.Fail(node, $"the window {Shapes.Text(geometry.Kernel)} is too large");
        }
        _geometry = geometry;
        _input = input.ToArray();
        _inputStrides = Shapes.Strides(input);
        _cells = new int[count];
    }

    /// <summary>Where the cells of one window lie in the flattened input plane.</summary>
    /// <param name="position">Flattened output position.</param>
    /// <returns>One per cell of the window: index into the plane, <see cref="InPadding"/> or <see cref="BeyondPadding"/>. Valid until the
    /// next call.</returns>
    public ReadOnlySpan<int> At(int position)
    {
        _cells[0] = 0;
        int known = 1;
        for (int axis = _input.Length - 1; axis >= 0; axis--)
        {
            int start = position % _geometry.Output[axis] * _geometry.Strides[axis] - _geometry.PadsBegin[axis];
            position /= _geometry.Output[axis];
            for (int k = _geometry.Kernel[axis] - 1; k >= 0; k--)     // backwards, because the block at 0 is the source of the others
            {
                int coordinate = start + k * _geometry.Dilations[axis];
                bool inside = coordinate >= 0 && coordinate < _input[axis];
                int mark = coordinate < _input[axis] + _geometry.PadsEnd[axis] ? InPadding : BeyondPadding;
                for (int j = 0; j < known; j++)
                {
                    int inner = _cells[j];
                    _cells[k * known + j] = inside ? inner < 0 ? inner : inner + coordinate * _inputStrides[axis] : Math.Min(mark, inner);
                }
            }
            known *= _geometry.Kernel[axis];
        }
        return _cells;
    }
}
