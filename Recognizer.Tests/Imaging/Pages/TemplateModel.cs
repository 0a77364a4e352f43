using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Imaging.Pages;

/// <summary>A model file that needs no training: of the drawn digits it answers the one that is nearest.</summary>
internal static class TemplateModel
{
    /// <summary>−½·|x − t|² = x·t − ½·|t|² − ½·|x|², of which the last part is the same for every digit: one dense layer.</summary>
    public static Graph Build()
    {
        const float Sharpness = 0.5f;
        var weights = new float[10 * 784];
        var bias = new float[10];
        for (int digit = 0; digit < 10; digit++)
        {
            var template = weights.AsSpan(digit * 784, 784);
            CharacterNormalizer.Normalize(Drawing.Paint(Drawing.Square(digit, 200, 18), 200, (_, _) => 255, (_, _) => 0), NormalizerLayout.Emnist, Polarity.DarkOnLight, template);
            foreach (ref float value in template)
            {
                bias[digit] -= Sharpness * value * value / 2;
                value *= Sharpness;
            }
        }
        var builder = new GraphBuilder("templates");
        string x = builder.Input("input", ElementType.Float, Dimension.Named("N"), 1, 28, 28);
        x = builder.Node("Flatten", "flat", [x]);
        x = builder.Node("Gemm", "logits", [x, builder.Initializer("weight", Tensor.Create(weights, 10, 784)), builder.Initializer("bias", Tensor.Create(bias, 10))], ("transB", 1));
        x = builder.Node("Softmax", "probabilities", [x]);
        builder.Output("logits", ElementType.Float, Dimension.Named("N"), 10);
        builder.Output(x, ElementType.Float, Dimension.Named("N"), 10);
        Graph graph = builder.Build();
        ModelMetadata.SetLabels(graph, Enumerable.Range(0, 10).Select(d => $"{d}"));
        return graph;
    }
}
