#:project ../Recognizer.MLNet
#:property PublishAot=false

// Reads a folder of images in an ML.NET pipeline, saves the pipeline as a model zip, and predicts from the zip.
//   dotnet run samples/mlnet.cs -- model.onnx scans/

using Microsoft.ML;
using Microsoft.ML.Data;
using Recognizer.MLNet;

if (args is not [var model, var folder] || !Directory.Exists(folder))
{
    Console.Error.WriteLine("usage: dotnet run mlnet.cs -- MODEL.onnx FOLDER");
    return 2;
}

var context = new MLContext();
IDataView files = context.Data.LoadFromEnumerable(Directory.GetFiles(folder, "*.png").Order().Select(path => new Input { ImagePath = path }));
var pipeline = context.Transforms.LoadImages("Image", null, "ImagePath")
    .Append(context.Transforms.RecognizeHandwriting(model))
    .Append(context.Transforms.Conversion.MapKeyToValue("Text", "PredictedLabel"));
using var fitted = pipeline.Fit(files);
foreach (Output row in context.Data.CreateEnumerable<Output>(fitted.Transform(files), reuseRowObject: false))
    Console.WriteLine($"{row.ImagePath}: {row.Text} {row.Score.Max():P1}");

string temporary = Directory.CreateTempSubdirectory("recognizer-").FullName;
try
{
    string zip = Path.Combine(temporary, "handwriting.zip");
    context.Model.Save(fitted, files.Schema, zip);
    var service = new MLContext();
    service.ComponentCatalog.RegisterRecognizer();
    using var engine = service.Model.CreatePredictionEngine<Input, Output>(service.Model.Load(zip, out _));
    Console.WriteLine($"from the zip: {engine.Predict(new Input { ImagePath = Directory.GetFiles(folder, "*.png").Order().First() }).Text}");
}
finally
{
    Directory.Delete(temporary, recursive: true);
}
return 0;

internal sealed class Input
{
    public string ImagePath { get; set; } = "";
}

internal sealed class Output
{
    public string ImagePath { get; set; } = "";

    public string Text { get; set; } = "";

    public float[] Score { get; set; } = [];
}
