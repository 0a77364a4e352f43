using Recognizer.Inference;
using Recognizer.Inference.Engine;

namespace Recognizer.Training;

/// <summary>Options under which a model gives the same bits in every process: what is trained and what is measured doesn't depend on which kernel won a race.</summary>
internal static class ReproduciblePlan
{
    public static PlanOptions Options(int threads) => new() { Threads = threads, MeasureKernels = false };

    public static RecognizerOptions Recognizer(int threads) => new() { Plan = Options(threads) };
}
