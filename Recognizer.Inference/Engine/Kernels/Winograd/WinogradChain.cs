using Recognizer.Inference.Engine.Kernels.Convolutions;
using Recognizer.Inference.Engine.Kernels.Matrices;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Inference.Engine.Kernels.Winograd;

/// <summary>Winograd convolutions on images of the same size. The ring of slots holds whole images: products of one convolution become transformed inputs of the next in place,
/// without activations that take turns with the ring in the second-level cache.</summary>
internal sealed unsafe class WinogradChain<TSimd, TTransform> : ConvolutionChain
    where TSimd : unmanaged, ISimd<TSimd>
    where TTransform : struct, IWinogradTransform
{
    private readonly WinogradConvolution<TSimd, TTransform>[] _links;
    private readonly WinogradTiling _tiling;
    private readonly int _slotWidth;
    private readonly int _imagesPerChunk;
    private readonly long _columnsLength;

    private WinogradChain(WinogradConvolution<TSimd, TTransform>[] links)
    {
        _links = links;
        _tiling = links[0].Tiling;
        _slotWidth = links.Max(link => link.SlotWidth);
        _columnsLength = links.Max(link => link.ColumnsLength);
        _imagesPerChunk = _tiling.ImagesPerChunk(_slotWidth, Tile.MaxRows<TSimd>());
    }

    private long PixelsLength => (long)(_tiling.Rows.Size + 2) * (_tiling.Columns.Size + 2) * TSimd.Count;

    private long RingLength(int images) =>
        _links[0].Slots * WinogradConvolution<TSimd, TTransform>.SlotLength(Math.Min(images, _imagesPerChunk) * _tiling.Tiles, _slotWidth);

    /// <summary>A chain of convolutions that fit together, or null where the ring of a single image is too large for the cache.</summary>
    public static WinogradChain<TSimd, TTransform>? TryCreate(WinogradConvolution<TSimd, TTransform>[] links)
    {
        var chain = new WinogradChain<TSimd, TTransform>(links);
        return chain._tiling.FitsCache(chain._slotWidth) ? chain : null;
    }

    // The last link may pool, which takes rows that wait.
    public override long ScratchLength(int images) => RingLength(images) + _columnsLength + Math.Max(PixelsLength, _links[^1].StageLength);

    public override void Run(float* input, ReadOnlySpan<nint> outputs, ReadOnlySpan<nint> residuals, int images, float* scratch)
    {
        float* columns = scratch + RingLength(images), pixels = columns + _columnsLength;
        int last = _links.Length - 1;
        // Chunks of nearly equal size: a small last one would read all weights for a few tiles.
        for (int chunks = (images + _imagesPerChunk - 1) / _imagesPerChunk, first = 0, count; chunks > 0; chunks--, first += count)
        {
            count = (images - first + chunks - 1) / chunks;
            nint slot = WinogradConvolution<TSimd, TTransform>.SlotLength(count * _tiling.Tiles, _slotWidth);
            var places = new TilePlaces(_tiling.Rows, _tiling.Columns, first * _tiling.Rows.Count, count * _tiling.Rows.Count);
            _links[0].Transform(input, places, columns, scratch, slot);
            new Span<float>(pixels, (int)PixelsLength).Clear();
            for (int i = 0; i < last; i++)
            {
                _links[i].Multiply(scratch, slot, places);
                _links[i].HandOver(scratch, slot, places, (float*)outputs[i], (float*)residuals[i], columns, pixels);
            }
            _links[last].Multiply(scratch, slot, places);
            _links[last].Finish(scratch, slot, places, (float*)outputs[last], (float*)residuals[last], columns, pixels);
        }
        GC.KeepAlive(this);
    }
}
