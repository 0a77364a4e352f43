#:project ../Recognizer.TorchSharp
#:package TorchSharp-cpu
#:property PublishAot=false

// Two ways from TorchSharp to model.onnx: a recipe trained with TorchSharp, and a module of your own exported.
//   dotnet run samples/torch.cs -- models/torch

using Recognizer.Inference;
using Recognizer.Inference.Onnx;
using Recognizer.TorchSharp;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

if (args is not [var folder])
{
    Console.Error.WriteLine("usage: dotnet run torch.cs -- FOLDER");
    return 2;
}

// A network, data set and recipe of this project; CUDA is used where there is one. `strokes` is built in.
TorchTrainingResult result = TorchTrainer.Train("""{ "dataset": "strokes", "architecture": "cnn2", "epochs": 2, "alphabet": "digits" }""",
    new TorchTrainerOptions { Output = folder, Progress = Console.Error.WriteLine });
Console.WriteLine($"{result.ModelPath}: {result.Metrics.MicroAccuracy:P2} on {result.Split}");

// The model as a TorchSharp module, to go on with in a loop of your own.
using (var module = new GraphModule(OnnxReader.ReadFile(result.ModelPath)))
{
    Console.WriteLine($"{module.parameters().Sum(parameter => parameter.numel()):N0} parameters");
    OnnxWriter.WriteFile(module.ToGraph(), Path.Combine(folder, "fine-tuned.onnx"));
}

// A module of one's own.
using var own = Sequential(("conv", Conv2d(1, 16, 3, padding: 1)), ("relu", ReLU()), ("pool", MaxPool2d(2)), ("flat", Flatten()), ("dense", Linear(16 * 14 * 14, 10)));
own.eval();
OnnxWriter.WriteFile(ModuleExport.ToGraph(own, [.. "0123456789".Select(digit => digit.ToString())]), Path.Combine(folder, "own.onnx"));
using CharacterRecognizer recognizer = CharacterRecognizer.Load(Path.Combine(folder, "own.onnx"));
Console.WriteLine($"own.onnx answers {recognizer.RecognizeNormalized(new float[28 * 28]).Label} to an empty image");
return 0;
