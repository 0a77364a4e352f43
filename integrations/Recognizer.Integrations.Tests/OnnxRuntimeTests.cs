using Recognizer.Inference;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;
using Recognizer.OnnxRuntime;
using Xunit;

namespace Recognizer.Integrations.Tests;

public class OnnxRuntimeTests
{
    [Theory]
    [InlineData("cnn2")]
    [InlineData("residual")]
    [InlineData("lenet5")]
    public void Behind_the_recognizer_it_scores_as_the_engine_does(string architecture)
    {
        Graph graph = Models.Network(architecture);
        float[] pixels = Models.Pixels(5);
        using CharacterRecognizer engine = CharacterRecognizer.Load(graph), runtime = CharacterRecognizer.Load(graph, new RecognizerOptions().UseOnnxRuntime());
        Assert.Equal(Models.Score(engine, pixels), Models.Score(runtime, pixels), (a, b) => Math.Abs(a - b) < 1e-5);
        byte[] png = Models.PhotoPng(60, 80);
        Assert.Equal(engine.Recognize(png).Label, runtime.Recognize(png).Label);
    }

    [Fact]
    public void Sessions_are_configured_by_the_caller()
    {
        int sessions = 0;
        using CharacterRecognizer recognizer = CharacterRecognizer.Load(Models.Bytes, new RecognizerOptions().UseOnnxRuntime(session =>
        {
            sessions++;
            session.AppendExecutionProvider_CPU(useArena: 0);
        }));
        Assert.Equal(1, sessions);
        // The native package for processors has no CUDA in it, and says so.
        Assert.ThrowsAny<Exception>(() => CharacterRecognizer.Load(Models.Bytes, new RecognizerOptions().UseOnnxRuntime(session => session.AppendExecutionProvider_CUDA())));
    }

    [Fact]
    public void Tensors_go_in_and_out_by_name()
    {
        Graph graph = Models.Network();
        using IGraphRunner engine = Plan.Compile(graph), runtime = new OnnxRuntimeRunner(graph);
        var inputs = new Dictionary<string, Tensor> { ["input"] = Tensor.Create(Models.Pixels(3), [3, 1, 28, 28]) };
        IReadOnlyDictionary<string, Tensor> expected = engine.Run(inputs), actual = runtime.Run(inputs);
        Assert.Equal(["logits", "probabilities"], actual.Keys);
        foreach ((string name, Tensor tensor) in actual)
        {
            Assert.Equal([3, 10], tensor.Shape.ToArray());
            Assert.Equal(expected[name].Span<float>().ToArray(), tensor.Span<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-4);
        }
        Assert.Throws<ArgumentException>(() => runtime.Run(new Dictionary<string, Tensor>()));
        Assert.Throws<ArgumentException>(() => new OnnxRuntimeRunner(graph, new PlanOptions { Outputs = ["nothing"] }));
    }

    [Fact]
    public void Byte_input_and_replaced_models_work_as_with_the_engine()
    {
        Graph graph = ModelTransforms.WithByteInput(Models.Network());
        float[] pixels = [.. Models.Pixels(4).Select(pixel => MathF.Round(pixel * 255) / 255)];
        using CharacterRecognizer engine = CharacterRecognizer.Load(graph), runtime = CharacterRecognizer.Load(graph, new RecognizerOptions().UseOnnxRuntime());
        Assert.Equal(Models.Score(engine, pixels), Models.Score(runtime, pixels), (a, b) => Math.Abs(a - b) < 1e-5);
        byte[] other = OnnxWriter.ToBytes(Models.Network(seed: 9));
        engine.ReplaceModel(other);
        runtime.ReplaceModel(other);
        Assert.Equal(Models.Score(engine, pixels), Models.Score(runtime, pixels), (a, b) => Math.Abs(a - b) < 1e-5);
    }
}
