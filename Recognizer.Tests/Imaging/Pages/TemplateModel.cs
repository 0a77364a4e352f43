using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;

namespace Recognizer.Tests.Imaging.Pages;

/// <summary>A model file that needs no training: of the drawn digits it answers the one that is nearest.</summary>
internal static class TemplateModel
{
    /// <summary>−½·|x − t|² = x·t − ½·|t|² − ½·|x|², of which the last part is the same for every digit: one dense layer.</summary>
    /// <param name="order">Digits in the order of the classes; one that isn't there isn't known.</param>
    /// <param name="label">Text of a digit's class; the digit where null.</param>
    public static Graph Build(int[]? order = null, Func<int, string>? label = null)
    {
        const float Sharpness = 0.5f;
        order ??= [.. Enumerable.Range(0, 10)];
        int classes = order.Length;
        var weights = new float[classes * 784];
        var bias = new float[classes];
        for (int i = 0; i < classes; i++)
        {
            var template = weights.AsSpan(i * 784, 784);
            CharacterNormalizer.Normalize(Drawing.Paint(Drawing.Square(order[i], 200, 18), 200, (_, _) => 255, (_, _) => 0), NormalizerLayout.Emnist, Polarity.DarkOnLight, template);
            foreach (ref float value in template)
            {
                bias[i] -= Sharpness * value * value / 2;
                value *= Sharpness;
            }
        }
        var builder = new GraphBuilder("templates");
        string x = builder.Input("input", ElementType.Float, Dimension.Named("N"), 1, 28, 28);
        x = builder.Node("Flatten", "flat", [x]);
        x = builder.Node("Gemm", "logits", [x, builder.Initializer("weight", Tensor.Create(weights, classes, 784)), builder.Initializer("bias", Tensor.Create(bias, classes))], ("transB", 1));
        x = builder.Node("Softmax", "probabilities", [x]);
        builder.Output("logits", ElementType.Float, Dimension.Named("N"), classes);
        builder.Output(x, ElementType.Float, Dimension.Named("N"), classes);
        Graph graph = builder.Build();
        ModelMetadata.SetLabels(graph, order.Select(label ?? (d => $"{d}")));
        return graph;
    }
}
