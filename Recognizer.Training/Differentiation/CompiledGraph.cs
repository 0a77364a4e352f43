namespace Recognizer.Training.Differentiation;

/// <summary>A graph as steps that can be run forward and backward.</summary>
/// <param name="Input">What the caller gives.</param>
/// <param name="Logits">What the loss reads; flat.</param>
/// <param name="Steps">In topological order.</param>
/// <param name="Weights">All weights and constants that steps read.</param>
/// <param name="Statistics">Running statistics of batch normalisation by initializer name.</param>
internal sealed record CompiledGraph(
    Value Input,
    Value Logits,
    IReadOnlyList<Step> Steps,
    IReadOnlyList<Weight> Weights,
    IReadOnlyDictionary<string, float[]> Statistics);
