#:project ../Recognizer.OnnxRuntime
#:package Microsoft.ML.OnnxRuntime
#:property PublishAot=false

// Reads characters with ONNX Runtime in place of the managed engine; the rest of the recognizer stays the same. With the package for GPUs:
//   new RecognizerOptions().UseOnnxRuntime(session => session.AppendExecutionProvider_CUDA())
//   dotnet run samples/onnxruntime.cs -- model.onnx seven.png

using Recognizer.Inference;
using Recognizer.OnnxRuntime;

if (args is not [var model, .. var files] || files.Length == 0)
{
    Console.Error.WriteLine("usage: dotnet run onnxruntime.cs -- MODEL.onnx IMAGE…");
    return 2;
}

using CharacterRecognizer recognizer = CharacterRecognizer.Load(model, new RecognizerOptions().UseOnnxRuntime());
foreach (string file in files)
{
    Prediction prediction = recognizer.Recognize(File.ReadAllBytes(file));
    Console.WriteLine($"{file}: {prediction.Label} {prediction.Confidence:P1}");
}
return 0;
