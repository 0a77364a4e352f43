using Recognizer.Inference.Engine.Kernels.Convolutions;

namespace Recognizer.Inference.Engine.Execution.Steps;

/// <summary>Convolutions that are computed together; for a single image one after another, where that has other kernels.</summary>
internal sealed unsafe class ConvolutionChainStep : Step
{
    private readonly ConvolutionStep[] _links;
    private readonly ConvolutionChain _chain;
    private readonly bool[] _written;
    private readonly bool _apartWhenAlone;

    /// <param name="links">The convolutions.</param>
    /// <param name="chain">Their kernels, joined.</param>
    /// <param name="written">[links]: whether a step reads the result other than as the next link's input.</param>
    public ConvolutionChainStep(ConvolutionStep[] links, ConvolutionChain chain, bool[] written)
        : base([.. links.SelectMany(link => link.Reads)], [.. links.SelectMany(link => link.Writes)])
    {
        (_links, _chain, _written) = (links, chain, written);
        _apartWhenAlone = links.Any(link => link.HasAlone);
    }

    public override int PreferredImages => _links.Max(link => link.PreferredImages);

    public override string Description => string.Join(", ", _links.Select(link => link.Description));

    public override long ScratchLength(int images) => Math.Max(_chain.ScratchLength(images), _links.Max(link => link.ScratchLength(images)));

    public override void Run(in StepContext context)
    {
        if (context.Alone && _apartWhenAlone)
        {
            foreach (ConvolutionStep link in _links) link.Run(context);
            return;
        }
        Span<nint> outputs = stackalloc nint[_links.Length], residuals = stackalloc nint[_links.Length];
        for (int i = 0; i < _links.Length; i++)
        {
            outputs[i] = _written[i] ? (nint)context[_links[i].Output] : 0;
            residuals[i] = _links[i].Residual is { } residual ? (nint)context[residual] : 0;
        }
        _chain.Run(context[_links[0].Input], outputs, residuals, context.Images, context.Scratch);
    }

    public override void Dispose()
    {
        foreach (ConvolutionStep link in _links) link.Dispose();
        base.Dispose();
    }
}
