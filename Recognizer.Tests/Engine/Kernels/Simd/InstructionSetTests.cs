using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Tests.Engine.Kernels.Simd;

public class InstructionSetTests
{
    [Fact]
    public void Variable_OnlyLowersTheLevel()
    {
        Assert.Equal(SimdLevel.Avx2, InstructionSet.Limit(SimdLevel.Avx2, null));
        Assert.Equal(SimdLevel.Avx2, InstructionSet.Limit(SimdLevel.Avx2, " "));
        Assert.Equal(SimdLevel.Avx2, InstructionSet.Limit(SimdLevel.Avx2, "avx512"));
        Assert.Equal(SimdLevel.Vector128, InstructionSet.Limit(SimdLevel.Avx512, "Vector128"));
        Assert.Equal(SimdLevel.Scalar, InstructionSet.Limit(SimdLevel.Avx512, "scalar"));
        Assert.Contains(InstructionSet.Variable, Assert.Throws<ArgumentException>(() => InstructionSet.Limit(SimdLevel.Avx512, "sse9")).Message);
        Assert.Throws<ArgumentException>(() => InstructionSet.Limit(SimdLevel.Avx512, "17"));
    }

    [Fact]
    public void Dispatch_CallsTheVectorTypeOfTheLevel()
    {
        foreach (SimdLevel level in KernelCases.Levels)
        {
            Counting counting = default;
            InstructionSet.Dispatch(level, ref counting);
            Assert.Equal(InstructionSet.Count(level), counting.Count);
        }
    }

    private struct Counting : ISimdOperation
    {
        public int Count;

        public void Run<TSimd>() where TSimd : unmanaged, ISimd<TSimd> => Count = TSimd.Count;
    }
}
