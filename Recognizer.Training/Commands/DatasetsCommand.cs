using System.CommandLine;
using System.Text.Json;
using Recognizer.Inference;
using Recognizer.Inference.Imaging;
using Recognizer.Training.Augmentation;
using Recognizer.Training.Datasets;

namespace Recognizer.Training.Commands;

/// <summary><c>datasets</c>: what there is, getting it, checking it, looking at it.</summary>
internal static class DatasetsCommand
{
    public static CommandDescription Create(CommandHost host)
    {
        var command = new Command("datasets", "List, download, check and show data sets") { List(host), Download(host), Verify(host), Show(host) };
        return new CommandDescription(command, "recognizer datasets list", "recognizer datasets download mnist", "recognizer datasets show strokes --output grid.png");
    }

    private static Command List(CommandHost host)
    {
        var command = new Command("list", $"List the data sets that are known by name, and the folders with {DatasetManifest.FileName} or {ImageFolderDataset.ListName} in the data folder");
        var common = new CommonOptions(command, threads: false);
        command.SetAction(result =>
        {
            var options = new DatasetLoadOptions { Root = common.DataRoot(result) };
            var rows = Rows(options).ToList();
            if (common.Json(result))
            {
                host.WriteJson(writer =>
                {
                    writer.WriteStartArray();
                    foreach (var row in rows)
                    {
                        writer.WriteStartObject();
                        writer.WriteString("name", row.Name);
                        writer.WriteBoolean("train", row.Train);
                        writer.WriteBoolean("test", row.Test);
                        writer.WriteString("description", row.Description);
                        if (row.Terms is not null)
                            writer.WriteString("terms", row.Terms);
                        writer.WriteEndObject();
                    }
                    writer.WriteEndArray();
                });
                return CommandLine.Done;
            }
            host.Output.WriteLine($"Data folder: {Path.GetFullPath(options.Root)}");
            int width = rows.Max(r => r.Name.Length);
            foreach (var row in rows)
                host.Output.WriteLine($"{row.Name.PadRight(width)}  {(row.Train, row.Test) switch { (true, true) => "train, test", (true, false) => "train only ", (false, true) => "test only  ", _ => "not here   " }}  {row.Description}{(row.Terms is null ? "" : $" ({row.Terms})")}");
            return CommandLine.Done;
        });
        return command;
    }

    private static IEnumerable<(string Name, bool Train, bool Test, string Description, string? Terms)> Rows(DatasetLoadOptions options)
    {
        yield return (DatasetCatalogue.Strokes, true, true, "built-in procedural handwriting of the 62 characters", null);
        foreach (var set in options.Catalogue.Sets)
        {
            var (train, test, description) = Described(() => (CatalogueLoader.Has(set, set.Train, options), CatalogueLoader.Has(set, set.Test, options), set.Description));
            yield return (set.Name, train, test, description, set.Terms);
        }
        if (!Directory.Exists(options.Root))
            yield break;
        var twoLevels = new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 1 };
        foreach (string folder in Directory.EnumerateDirectories(options.Root, "*", twoLevels).Order(StringComparer.Ordinal))
        {
            using var tree = FileTree.Open(folder);
            if (!tree.FileExists(DatasetManifest.FileName) && !tree.FileExists(ImageFolderDataset.ListName))
                continue;
            var (train, test, description) = tree.FileExists(DatasetManifest.FileName)
                ? Described(() => DatasetManifest.Describe(tree))
                : (true, true, $"images in {ImageFolderDataset.ListName}, which count wholly as the part that is asked for");
            yield return (Path.GetRelativePath(options.Root, folder).Replace('\\', '/'), train, test, description, null);
        }
    }

    /// <summary>What is there of a set, or why that can't be told: one damaged file leaves the others listed.</summary>
    private static (bool Train, bool Test, string Description) Described(Func<(bool, bool, string)> describe)
    {
        try
        {
            return describe();
        }
        catch (DatasetException e)
        {
            return (false, false, e.Message);
        }
    }

    private static Argument<string> NameArgument() => new("NAME") { Description = "A name from the list, or a folder or file" };

    private static Command Download(CommandHost host)
    {
        var name = new Argument<string>("NAME") { Description = "A name from the list" };
        var command = new Command("download", "Download what is missing of a data set, and check it") { name };
        var common = new CommonOptions(command, threads: false);
        command.SetAction(result =>
        {
            string wanted = result.GetRequiredValue(name);
            var set = DatasetCatalogue.BuiltIn.Find(wanted)
                ?? throw new UsageException($"{wanted} can't be downloaded; these can: {string.Join(", ", DatasetCatalogue.BuiltIn.Sets.Select(s => s.Name))}.");
            var options = Options(host, common, result);
            // one part after the other, so that a missing test part is an error too
            CatalogueLoader.Complete(set, options with { NeedTest = false });
            CatalogueLoader.Complete(set, options with { NeedTrain = false });
            host.Error.WriteLine($"{set.Name} is complete. Terms: {set.Terms}");
            return Summary(host, common.Json(result), DatasetLoader.Load(wanted, options with { Offline = true }));
        });
        return command;
    }

    private static Command Verify(CommandHost host)
    {
        var name = NameArgument();
        var command = new Command("verify", "Read a whole data set, check it against the official checksums, and count its images and those that are there again") { name };
        var common = new CommonOptions(command);
        command.SetAction(result =>
        {
            var dataset = DatasetLoader.Load(result.GetRequiredValue(name), Options(host, common, result) with { Offline = true, AllowMissingPart = true });
            return Summary(host, common.Json(result), dataset, dataset.CountRepeated());
        });
        return command;
    }

    private static Command Show(CommandHost host)
    {
        var name = NameArgument();
        var output = new Option<FileInfo>("--output") { Description = "The PNG file to write", HelpName = "FILE", Required = true };
        var split = new Option<string?>("--split") { Description = "train or test [default: train where there is one]", HelpName = "SPLIT" };
        split.AcceptOnlyFromAmong("train", "test");
        var columns = new Option<int>("--columns") { Description = "Images of each class", HelpName = "N", DefaultValueFactory = _ => 20 };
        columns.Limit(1, 200);
        var augment = new Option<string>("--augment") { Description = $"Draw the images as training varies them: {AugmentationOptions.Syntax}", HelpName = "WHAT", DefaultValueFactory = _ => "none" };
        var command = new Command("show", "Draw images of each class into a PNG file") { name, output, split, columns, augment };
        var common = new CommonOptions(command);
        command.SetAction(result =>
        {
            var options = Options(host, common, result);
            AugmentationOptions variation = Parse(result.GetRequiredValue(augment));
            var dataset = result.GetValue(split) switch
            {
                "train" => DatasetLoader.Load(result.GetRequiredValue(name), options with { NeedTest = false }),
                "test" => DatasetLoader.Load(result.GetRequiredValue(name), options with { NeedTrain = false }),
                _ => DatasetLoader.Load(result.GetRequiredValue(name), options with { AllowMissingPart = true }),
            };
            string file = result.GetRequiredValue(output).FullName;
            int count = result.GetValue(columns);
            DatasetPart shown = SampleGrid.First((dataset.Train ?? dataset.Test)!, dataset.Labels, count);
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
            File.WriteAllBytes(file, PngEncoder.Encode(SampleGrid.Draw(Augmenter.Vary(shown, variation, dataset.Layout, Alphabet.AreAlphanumeric(dataset.Labels)), dataset.Labels, count)));
            host.Error.WriteLine($"Wrote {file}");
            return Summary(host, common.Json(result), dataset);
        });
        return command;
    }

    private static AugmentationOptions Parse(string text)
    {
        try
        {
            return AugmentationOptions.Parse(text);
        }
        catch (FormatException exception)
        {
            throw new UsageException(exception.Message);
        }
    }

    private static DatasetLoadOptions Options(CommandHost host, CommonOptions common, ParseResult result) => new()
    {
        Root = common.DataRoot(result),
        Offline = common.Offline(result),
        Threads = common.Threads(result),
        Progress = host.Error.WriteLine,
        CancellationToken = host.Cancellation,
    };

    private static int Summary(CommandHost host, bool json, Dataset dataset, (int TestInTraining, int OfOtherClasses)? repeated = null)
    {
        if (json)
        {
            host.WriteJson(writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("name", dataset.Name);
                writer.WriteStartArray("labels");
                foreach (string label in dataset.Labels)
                    writer.WriteStringValue(label);
                writer.WriteEndArray();
                Part("train", dataset.Train);
                Part("test", dataset.Test);
                writer.WriteStartArray("unreadable");
                foreach (string file in dataset.UnreadableFiles)
                    writer.WriteStringValue(file);
                writer.WriteEndArray();
                if (repeated is { } again)
                {
                    if (!dataset.IsDivided)
                        writer.WriteNumber("testInTraining", again.TestInTraining);
                    writer.WriteNumber("ofOtherClasses", again.OfOtherClasses);
                }
                writer.WriteEndObject();

                void Part(string name, DatasetPart? part)
                {
                    if (part is null)
                        return;
                    writer.WriteStartObject(name);
                    writer.WriteNumber("count", part.Count);
                    writer.WriteStartArray("perClass");
                    foreach (int count in PerClass(part, dataset.Labels.Count))
                        writer.WriteNumberValue(count);
                    writer.WriteEndArray();
                    writer.WriteEndObject();
                }
            });
            return CommandLine.Done;
        }
        host.Output.WriteLine($"{dataset.Name}: {dataset.Labels.Count} classes, {Count(dataset.Train, "training")}, {Count(dataset.Test, "test")}");
        foreach (string file in dataset.UnreadableFiles)
            host.Output.WriteLine($"unreadable: {file}");
        if (repeated is { TestInTraining: > 0 and var inTraining } && !dataset.IsDivided)
            host.Output.WriteLine($"in both parts: {inTraining} test images, to the pixel");
        if (repeated is { OfOtherClasses: > 0 and var ofOthers })
            host.Output.WriteLine($"in more than one class: {ofOthers} images, to the pixel");
        int[] train = dataset.Train is null ? [] : PerClass(dataset.Train, dataset.Labels.Count), test = dataset.Test is null ? [] : PerClass(dataset.Test, dataset.Labels.Count);
        for (int c = 0; c < dataset.Labels.Count; c++)
            host.Output.WriteLine($"{dataset.Labels[c],-4}{(train.Length > 0 ? train[c].ToString() : "–"),9}{(test.Length > 0 ? test[c].ToString() : "–"),9}");
        return CommandLine.Done;
    }

    private static string Count(DatasetPart? part, string kind) => part is null ? $"no {kind} images" : $"{part.Count} {kind} images";

    private static int[] PerClass(DatasetPart part, int classes)
    {
        var counts = new int[classes];
        foreach (int label in part.Labels)
            counts[label]++;
        return counts;
    }
}
