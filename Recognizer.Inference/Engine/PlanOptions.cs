namespace Recognizer.Inference.Engine;

/// <summary>How a graph is compiled and run.</summary>
public sealed record PlanOptions
{
    /// <summary>Most threads that one run may use, the caller included; 1 never starts a thread. Default 1.</summary>
    public int Threads { get; init; } = 1;

    /// <summary>Whether convolutions may use Winograd's algorithm (faster; in floats with an error that is typically up to 1e-4 of the largest output instead of about 2e-6, both more where sums cancel; in 8 bits without any). Default true.</summary>
    public bool Winograd { get; init; } = true;

    /// <summary>Whether layers for which a table expects several kernels to be about as fast get the one that is fastest on this machine: timed once per process and shape, while
    /// compiling. Otherwise the table decides alone, and a model gives the same bits in every process on machines of one kind. Convolutions in 8 bits give the same levels with any kernel.
    /// Default true.</summary>
    public bool MeasureKernels { get; init; } = true;

    /// <summary>Outputs to compute; null means all of the graph's.</summary>
    public IReadOnlyList<string>? Outputs { get; init; }
}
