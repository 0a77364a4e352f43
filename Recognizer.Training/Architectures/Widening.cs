using Recognizer.Inference.Onnx;

namespace Recognizer.Training.Architectures;

/// <summary>Makes a network of more channels out of a trained one, with the same answers, so that its training needn't begin from the start.</summary>
/// <remarks>The purpose is that of Chen et al. 2016, "Net2Net", arXiv:1511.05641. Instead of copying channels, which then have to be told apart by noise, the added ones
/// are drawn freshly, and what was there reads them with weights of zero: they have gradients from the first step on.</remarks>
internal static class Widening
{
    /// <summary>A network's weights in the shapes of a wider one, or the network itself where the other isn't the same with more channels.</summary>
    /// <param name="trained">The trained network.</param>
    /// <param name="wider">The wider one with freshly drawn weights, by <see cref="Architecture.Build"/>; stays as it is.</param>
    public static Graph Apply(Graph trained, Graph wider)
    {
        if (!trained.Nodes.Select(Describe).SequenceEqual(wider.Nodes.Select(Describe), StringComparer.Ordinal)
            || !trained.Initializers.Keys.ToHashSet().SetEquals(wider.Initializers.Keys)
            || wider.Initializers.Any(pair => !Grows(trained.Initializers[pair.Key], pair.Value))
            || wider.Initializers.All(pair => trained.Initializers[pair.Key].Shape.SequenceEqual(pair.Value.Shape)))
            return trained;
        Graph result = trained.Clone();
        foreach ((string name, Tensor fresh) in wider.Initializers.Where(pair => pair.Value.ElementType == ElementType.Float))
            result.Initializers[name] = Embed(trained.Initializers[name], fresh);
        return result;
    }

    /// <summary>What a node is apart from its number of channels.</summary>
    private static string Describe(Node node) =>
        $"{node.OperatorType} {node.Name} {string.Join(' ', node.Inputs)} {string.Join(' ', node.Attributes.Select(a => $"{a.Key}={(a.Value is Array list ? string.Join(',', list.Cast<object>()) : a.Value)}"))}";

    /// <summary>Whether a tensor has at least as many outputs (its first axis) and inputs (its second) as another, and windows of the same size.</summary>
    private static bool Grows(Tensor trained, Tensor wider)
    {
        if (trained.ElementType != wider.ElementType || trained.Rank != wider.Rank) return false;
        for (int axis = 0; axis < wider.Rank; axis++)
            if (axis < 2 ? trained.Shape[axis] > wider.Shape[axis] : trained.Shape[axis] != wider.Shape[axis]) return false;
        return true;
    }

    // Convolutions are [outputs, inputs, k, k], dense layers [outputs, inputs], the numbers of a channel [channels]. Flattened images have their channels one after
    // another, so that the inputs that were there come first in dense layers too.
    private static Tensor Embed(Tensor trained, Tensor fresh)
    {
        Tensor result = fresh.Clone();
        if (fresh.Rank == 0)
        {
            trained.Span<float>().CopyTo(result.Span<float>());
            return result;
        }
        int outputs = trained.Shape[0], row = trained.Length / outputs, widerRow = fresh.Length / fresh.Shape[0];
        for (int i = 0; i < outputs; i++)
        {
            Span<float> target = result.Span<float>().Slice(i * widerRow, widerRow);
            target.Clear();
            trained.Span<float>().Slice(i * row, row).CopyTo(target);
        }
        return result;
    }
}
