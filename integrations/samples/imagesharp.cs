#:project ../Recognizer.ImageSharp
#:property PublishAot=false

// Reads the character in any file that ImageSharp decodes (WebP, TIFF, GIF, TGA, QOI …).
//   dotnet run samples/imagesharp.cs -- model.onnx seven.webp

using Recognizer.ImageSharp;
using Recognizer.Inference;

if (args is not [var model, .. var files] || files.Length == 0)
{
    Console.Error.WriteLine("usage: dotnet run imagesharp.cs -- MODEL.onnx IMAGE…");
    return 2;
}

using CharacterRecognizer recognizer = CharacterRecognizer.Load(model);
foreach (string file in files)
{
    using var image = SixLabors.ImageSharp.Image.Load(file);
    Prediction prediction = recognizer.Recognize(image);
    Console.WriteLine($"{file}: {prediction.Label} {prediction.Confidence:P1}");
}
return 0;
