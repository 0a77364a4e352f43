using Recognizer.Inference.Engine.Kernels;

namespace Recognizer.Inference.Engine.Execution;

/// <summary>Places every slot of a segment in one arena. Slots that are never alive together share memory, with one rule more: images with a border share
/// only with images of the same shape, because kernels write interiors and rely on borders staying zero.</summary>
internal static class MemoryPlanner
{
    private const int Alignment = 16;

    /// <summary>Sets scope and offset of all slots that aren't external.</summary>
    /// <returns>Floats of the arena.</returns>
    public static long Assign(IReadOnlyList<Step> steps, IReadOnlyList<(int First, int End, int Block)> stages, int chunk)
    {
        var slots = new HashSet<Slot>();
        for (int i = 0; i < steps.Count; i++)
        {
            foreach (Slot slot in steps[i].Reads.Concat(steps[i].Writes))
            {
                slot.FirstStep = Math.Min(slot.FirstStep, i);
                slot.LastStep = Math.Max(slot.LastStep, i);
                if (slot.Scope != SlotScope.External) slots.Add(slot);
            }
        }
        var placed = new List<(Slot Slot, int First, int Last, long Length)>();
        long end = 0;
        foreach (Slot slot in slots.OrderBy(slot => slot.FirstStep).ThenBy(slot => slot.LastStep))
        {
            (int First, int End, int Block) from = stages.First(stage => slot.FirstStep < stage.End);
            (int First, int End, int Block) to = stages.First(stage => slot.LastStep < stage.End);
            bool within = from == to;
            slot.Scope = within ? SlotScope.Block : SlotScope.Chunk;
            // Between stages a slot lives as long as both stages run, since each of them goes over the chunk several times.
            int first = within ? slot.FirstStep : from.First, last = within ? slot.LastStep : to.End - 1;
            long length = Round((long)slot.ImageStride * (within ? from.Block : chunk));
            slot.Offset = Place(placed, slot, first, last, length);
            placed.Add((slot, first, last, length));
            end = Math.Max(end, slot.Offset + length);
        }
        return end;
    }

    private static long Place(List<(Slot Slot, int First, int Last, long Length)> placed, Slot slot, int first, int last, long length)
    {
        // Where a slot of the very same shape lies and is dead, its zero border is in place.
        foreach ((Slot other, int otherFirst, int otherLast, long otherLength) in placed)
        {
            if (other.Image == slot.Image && otherLength == length && Fits(other.Offset)) return other.Offset;
        }
        long offset = 0;
        foreach (var other in placed.OrderBy(p => p.Slot.Offset))
        {
            if (Conflicts(other) && offset < other.Slot.Offset + other.Length && other.Slot.Offset < offset + length)
                offset = other.Slot.Offset + other.Length;
        }
        return offset;

        bool Conflicts((Slot Slot, int First, int Last, long Length) other) =>
            (first <= other.Last && other.First <= last) || HasBorder(other.Slot.Image) || HasBorder(slot.Image);

        bool Fits(long at)
        {
            foreach ((Slot other, int otherFirst, int otherLast, long otherLength) in placed)
            {
                bool overlaps = at < other.Offset + otherLength && other.Offset < at + length;
                if (!overlaps) continue;
                bool together = first <= otherLast && otherFirst <= last;
                bool sameLayout = other.Image == slot.Image && other.Offset == at && otherLength == length;
                if (together || (!sameLayout && (HasBorder(other.Image) || HasBorder(slot.Image)))) return false;
            }
            return true;
        }
    }

    private static bool HasBorder(ImageShape? image) => image is { Border: > 0 };

    private static long Round(long length) => (length + Alignment - 1) / Alignment * Alignment;
}
