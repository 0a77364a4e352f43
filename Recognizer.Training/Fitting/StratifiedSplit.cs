namespace Recognizer.Training.Fitting;

/// <summary>Divides images into two parts with the same mix of classes.</summary>
internal static class StratifiedSplit
{
    /// <summary>Holds back a share of each class, chosen by a seed. A class of at least two images keeps one on each side; a single image
    /// is never held back.</summary>
    /// <param name="labels">Class of each image.</param>
    /// <param name="share">Share to hold back, 0 … 1.</param>
    /// <param name="seed">Decides which.</param>
    /// <returns>Indices of both parts, ascending.</returns>
    public static (int[] Kept, int[] Held) Divide(ReadOnlySpan<int> labels, double share, ulong seed)
    {
        var classes = new SortedDictionary<int, List<int>>();
        for (int i = 0; i < labels.Length; i++)
        {
            if (!classes.TryGetValue(labels[i], out List<int>? members)) classes[labels[i]] = members = [];
            members.Add(i);
        }
        List<int> kept = [], held = [];
        foreach ((int label, List<int> members) in classes)
        {
            int[] order = [.. members];
            new CounterRandom(CounterRandom.Key(seed, 0x59, (ulong)label)).Shuffle(order.AsSpan());
            int count = share <= 0 || order.Length < 2 ? 0 : Math.Clamp((int)Math.Round(order.Length * share), 1, order.Length - 1);
            held.AddRange(order.AsSpan(0, count));
            kept.AddRange(order.AsSpan(count));
        }
        kept.Sort();
        held.Sort();
        return ([.. kept], [.. held]);
    }
}
