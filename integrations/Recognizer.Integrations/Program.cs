using System.CommandLine;
using Recognizer.Integrations;
using Recognizer.TorchSharp;
using TorchSharp;

var model = new Option<string>("--model") { Description = "model.onnx", Required = true };
var dataset = new Option<string>("--dataset") { Description = "a data set by name, folder or file", DefaultValueFactory = _ => "mnist" };
var data = new Option<string?>("--data") { Description = "folder that has the data sets" };

var evaluate = new Command("evaluate-mlnet", "Measures a model through ML.NET's own parts, the estimator, ONNX Runtime and the engine, and holds them to each other.") { model, dataset, data };
evaluate.SetAction(result => EvaluateCommand.Run(result.GetRequiredValue(model), result.GetRequiredValue(dataset), result.GetValue(data), Console.Out));

var count = new Option<int>("--count") { Description = "images", DefaultValueFactory = _ => 2048 };
var benchmark = new Command("benchmark", "Times the ways to run a model side by side.") { model, dataset, data, count };
benchmark.SetAction(result => Benchmark.Run(result.GetRequiredValue(model), result.GetRequiredValue(dataset), result.GetValue(data), result.GetValue(count), Console.Out));

var recipe = new Option<string>("--config") { Description = "recipe as of the train command: a JSON file, or JSON", Required = true };
var output = new Option<string>("--output") { Description = "folder for the model", Required = true };
var device = new Option<string?>("--device") { Description = "cpu, cuda, cuda:1 …" };
var threads = new Option<int>("--threads") { Description = "threads on the CPU; 0 takes one per processor" };
var resume = new Option<bool>("--resume") { Description = "go on from the newest checkpoint" };
var train = new Command("train-torch", "Trains with TorchSharp and exports to ONNX.") { recipe, output, device, threads, resume, data };
train.SetAction(result => TorchCommands.Train(result.GetRequiredValue(recipe), new TorchTrainerOptions
{
    Output = result.GetRequiredValue(output),
    Device = result.GetValue(device) is { } name ? torch.device(name) : null,
    Threads = result.GetValue(threads),
    Data = result.GetValue(data),
    Resume = result.GetValue(resume),
    Progress = Console.Error.WriteLine,
}, Console.Out));

var compare = new Command("compare-torch", "Holds the outputs of the engine, ONNX Runtime and TorchSharp to each other, and takes the weights there and back.") { model, dataset, data };
compare.SetAction(result => TorchCommands.Compare(result.GetRequiredValue(model), result.GetRequiredValue(dataset), result.GetValue(data), Console.Out));

return new RootCommand("Recognizer beside ML.NET, ONNX Runtime and TorchSharp") { evaluate, benchmark, train, compare }.Parse(args).Invoke();
