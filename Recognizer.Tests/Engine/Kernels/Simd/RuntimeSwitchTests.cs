using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Recognizer.Inference.Engine.Kernels.Simd;

namespace Recognizer.Tests.Engine.Kernels.Simd;

/// <summary>The suite runs again with instruction sets switched off; this shows that the runtime obeyed.</summary>
public class RuntimeSwitchTests
{
    [Fact]
    public void What_a_switch_of_the_runtime_turns_off_is_off()
    {
        if (IsOff("DOTNET_EnableAVX512"))
        {
            Assert.False(Avx512F.IsSupported);
            Assert.True(InstructionSet.Current < SimdLevel.Avx512);
        }
        if (IsOff("DOTNET_EnableAVX2"))
        {
            Assert.False(Avx2.IsSupported);
            Assert.True(InstructionSet.Current < SimdLevel.Avx2);
        }
        if (IsOff("DOTNET_EnableAVXVNNI")) Assert.False(AvxVnni.IsSupported);
        if (IsOff("DOTNET_EnableHWIntrinsic"))
        {
            Assert.False(Vector128.IsHardwareAccelerated);
            Assert.Equal(SimdLevel.Scalar, InstructionSet.Current);
        }
        // With no switch the widest set of the processor is in use.
        if (Environment.GetEnvironmentVariables().Keys.Cast<string>().All(name => !name.StartsWith("DOTNET_Enable", StringComparison.Ordinal)) && Environment.GetEnvironmentVariable(InstructionSet.Variable) is null)
            Assert.Equal(Avx512F.IsSupported, InstructionSet.Current == SimdLevel.Avx512);
    }

    private static bool IsOff(string variable) => Environment.GetEnvironmentVariable(variable) == "0";
}
