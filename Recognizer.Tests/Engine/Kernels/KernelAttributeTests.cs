using System.Reflection;
using Recognizer.Inference.Engine.Kernels.Matrices;
using Recognizer.Training.Differentiation;
using Xunit;

namespace Recognizer.Tests.Engine.Kernels;

public class KernelAttributeTests
{
    private const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance | BindingFlags.DeclaredOnly;

    // Inlined into a caller, a kernel loses the optimisation that it asks for, and up to two thirds of its speed.
    [Fact]
    public void FullyOptimizedMethods_AreNeverInlined()
    {
        MethodInfo[] kernels = [.. new[] { typeof(Tile), typeof(TrainingPlan) }.SelectMany(t => t.Assembly.GetTypes()).SelectMany(t => t.GetMethods(All))
            .Where(m => m.MethodImplementationFlags.HasFlag(MethodImplAttributes.AggressiveOptimization))];

        Assert.True(kernels.Length > 20);
        Assert.Empty(kernels.Where(m => !m.MethodImplementationFlags.HasFlag(MethodImplAttributes.NoInlining)).Select(m => $"{m.DeclaringType}.{m.Name}"));
    }
}
