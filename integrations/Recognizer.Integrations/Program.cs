using System.CommandLine;
using Recognizer.Integrations;

var model = new Option<string>("--model") { Description = "model.onnx", Required = true };
var dataset = new Option<string>("--dataset") { Description = "a data set by name, folder or file", DefaultValueFactory = _ => "mnist" };
var data = new Option<string?>("--data") { Description = "folder that has the data sets" };

var evaluate = new Command("evaluate-mlnet", "Measures a model through ML.NET's own parts, the estimator, ONNX Runtime and the engine, and holds them to each other.") { model, dataset, data };
evaluate.SetAction(result => EvaluateCommand.Run(result.GetRequiredValue(model), result.GetRequiredValue(dataset), result.GetValue(data), Console.Out));

return new RootCommand("Recognizer beside ML.NET, ONNX Runtime and TorchSharp") { evaluate }.Parse(args).Invoke();
