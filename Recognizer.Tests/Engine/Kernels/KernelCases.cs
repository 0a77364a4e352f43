using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Tests.Engine.Kernels;

/// <summary>What kernel tests share: the instruction sets that this machine runs, and inputs that break kernels.</summary>
internal static class KernelCases
{
    public static IEnumerable<SimdLevel> Levels => Enum.GetValues<SimdLevel>().Where(level => level <= InstructionSet.Supported);

    /// <summary>Kinds of input: values around 0, mostly zeros, values far from 0.</summary>
    public static readonly string[] Inputs = ["random", "sparse", "offset"];

    public static float[] Values(string kind, long length, int seed)
    {
        Random random = new(seed);
        float[] values = new float[length];
        for (long i = 0; i < length; i++)
        {
            float value = random.NextSingle() * 2 - 1;
            values[i] = kind switch
            {
                "sparse" => random.Next(10) == 0 ? value : 0,
                "offset" => 1000 + value,
                _ => value,
            };
        }
        return values;
    }
}
