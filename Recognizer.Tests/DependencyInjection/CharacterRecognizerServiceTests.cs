using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using Google.Protobuf;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Recognizer.Inference;
using Recognizer.Inference.DependencyInjection;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.Inference.Onnx.Proto;

namespace Recognizer.Tests.DependencyInjection;

[Collection(Alone.Name)]
public sealed class CharacterRecognizerServiceTests : IDisposable
{
    private static readonly float[] s_image = [.. Enumerable.Range(0, 784).Select(i => i % 5 / 4f)];
    private readonly TemporaryFolder _folder = new();
    private readonly LogList _log = new();

    private string ModelPath => _folder.File("model.onnx");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_recogniser_is_a_singleton_with_its_options()
    {
        File.WriteAllBytes(ModelPath, ModelReplacementTests.Model(0));
        using ServiceProvider services = Services(options =>
        {
            options.Alphabet = "13579";
            options.Top = 3;
        });
        var recognizer = services.GetRequiredService<CharacterRecognizer>();
        Assert.Same(recognizer, services.GetRequiredService<CharacterRecognizer>());
        Prediction prediction = recognizer.RecognizeNormalized(s_image);
        Assert.Equal(3, prediction.Candidates.Count);
        Assert.All(prediction.Candidates, candidate => Assert.Contains(candidate.Label, "13579", StringComparison.Ordinal));
        Assert.Contains(_log.Lines, line => line.Contains("Loaded the model", StringComparison.Ordinal) && line.Contains("10 classes", StringComparison.Ordinal));
        services.Dispose();
        Assert.Throws<ObjectDisposedException>(() => recognizer.RecognizeNormalized(s_image));
    }

    [Fact]
    public void The_log_names_the_shipped_model_that_is_used()
    {
        using ServiceProvider services = Services(options => (options.ModelPath, options.Shipped) = (null, ShippedModel.Digits));
        services.GetRequiredService<CharacterRecognizer>();
        Assert.Equal(["Loaded the shipped model Digits with 10 classes"], _log.Lines);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_log_that_throws_costs_nobody_the_recogniser(bool isShipped)
    {
        File.WriteAllBytes(ModelPath, ModelReplacementTests.Model(0));
        _log.Throws = true;
        using ServiceProvider services = Services(options => options.ModelPath = isShipped ? null : ModelPath);
        CharacterRecognizer recognizer = services.GetRequiredService<CharacterRecognizer>();
        Assert.Same(recognizer, services.GetRequiredService<CharacterRecognizer>());
        Assert.Single(_log.Lines);
    }

    [Fact]
    public void Named_recognisers_live_side_by_side()
    {
        File.WriteAllBytes(ModelPath, ModelReplacementTests.Model(0));
        var collection = new ServiceCollection();
        collection.AddCharacterRecognizer("odd", options => (options.ModelPath, options.Alphabet) = (ModelPath, "13579"));
        collection.AddCharacterRecognizer("even", options => (options.ModelPath, options.Alphabet) = (ModelPath, "02468"));
        using ServiceProvider services = collection.BuildServiceProvider();
        Prediction odd = services.GetRequiredKeyedService<CharacterRecognizer>("odd").RecognizeNormalized(s_image);
        Prediction even = services.GetRequiredKeyedService<CharacterRecognizer>("even").RecognizeNormalized(s_image);
        Assert.Contains(odd.Label, "13579", StringComparison.Ordinal);
        Assert.Contains(even.Label, "02468", StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_options_are_all_named()
    {
        using ServiceProvider services = Services(options =>
        {
            options.Top = 0;
            options.Threads = -1;
            options.Alphabet = "";
            options.PollingInterval = TimeSpan.Zero;
            options.SettleTime = TimeSpan.FromHours(1);
        });
        string message = Assert.Throws<OptionsValidationException>(services.GetRequiredService<CharacterRecognizer>).Message;
        foreach (string part in new[] { "there is no file", "Top is 0", "Threads is -1", "Alphabet is empty", "PollingInterval is 00:00:00", "SettleTime is 01:00:00" })
            Assert.Contains(part, message, StringComparison.Ordinal);
        // What a host runs when it starts
        Assert.Throws<OptionsValidationException>(services.GetRequiredService<IStartupValidator>().Validate);
    }

    [Fact]
    public void Any_option_can_come_from_configuration()
    {
        File.WriteAllBytes(ModelPath, ModelReplacementTests.Model(0));
        IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["ModelPath"] = ModelPath, ["Shipped"] = "Digits", ["Alphabet"] = "13", ["Top"] = "2", ["Threads"] = "3", ["Decoder:MaxPixels"] = "99", ["DefaultLayout"] = "Mnist",
            ["Labels:0"] = "a", ["Labels:1"] = "b", ["ReloadOnChange"] = "false", ["SettleTime"] = "00:00:01", ["PollingInterval"] = "00:00:02",
        }).Build();
        var collection = new ServiceCollection();
        collection.AddCharacterRecognizer().Bind(configuration);
        using ServiceProvider services = collection.BuildServiceProvider();
        CharacterRecognizerOptions options = services.GetRequiredService<IOptions<CharacterRecognizerOptions>>().Value;
        Assert.Equal((ModelPath, ShippedModel.Digits, "13", 2, 3), (options.ModelPath, options.Shipped, options.Alphabet, options.Top, options.Threads));
        Assert.Equal(new DecoderOptions { MaxPixels = 99 }, options.Decoder);
        Assert.Equal(NormalizerLayout.Mnist, options.DefaultLayout);
        Assert.Equal(["a", "b"], options.Labels);
        Assert.Equal((false, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)), (options.ReloadOnChange, options.SettleTime, options.PollingInterval));
        // None is left out of this test
        Assert.Equal(11, typeof(CharacterRecognizerOptions).GetProperties().Length);
    }

    [Theory]
    [InlineData("0", false)]
    [InlineData("5", true)]
    public void Configuration_that_changes_later_counts_for_nothing(string top, bool isGone)
    {
        File.WriteAllBytes(ModelPath, ModelReplacementTests.Model(0));
        IConfigurationRoot configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?> { ["ModelPath"] = ModelPath, ["Top"] = "2" }).Build();
        var collection = new ServiceCollection();
        collection.AddCharacterRecognizer().Bind(configuration);
        using ServiceProvider services = collection.BuildServiceProvider();
        services.GetRequiredService<IStartupValidator>().Validate();
        var recognizer = services.GetRequiredService<CharacterRecognizer>();
        configuration["Top"] = top;
        if (isGone) File.Delete(ModelPath);
        configuration.Reload();
        Assert.Equal(2, recognizer.RecognizeNormalized(s_image).Candidates.Count);
    }

    [Fact]
    public void Generated_code_can_bind_every_option()
    {
        // As trimmed apps bind configuration: it sets properties, which it can't where they are init-only, and adds to lists
        static IEnumerable<PropertyInfo> Reachable(Type type) => type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .SelectMany(p => p.PropertyType is { IsClass: true, Namespace: "Recognizer.Inference.Imaging" } ? Reachable(p.PropertyType).Prepend(p) : [p]);
        PropertyInfo[] properties = [.. Reachable(typeof(CharacterRecognizerOptions))];
        Assert.Contains(properties, p => p.Name == nameof(DecoderOptions.MaxPixels));
        Assert.All(properties, p => Assert.True(p.PropertyType == typeof(IList<string>)
            || p.SetMethod is { IsPublic: true } set && !set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)), $"{p.DeclaringType}.{p.Name}"));
    }

    [Fact]
    public void A_host_loads_all_models_when_it_starts()
    {
        File.WriteAllBytes(ModelPath, ModelReplacementTests.Model(0));
        var collection = new ServiceCollection();
        collection.AddLogging(logging => logging.AddProvider(_log));
        collection.AddCharacterRecognizer(options => options.ModelPath = ModelPath);
        collection.AddCharacterRecognizer("odd", options => (options.ModelPath, options.Alphabet) = (ModelPath, "13579"));
        using ServiceProvider services = collection.BuildServiceProvider();
        Assert.Empty(_log.Lines);
        services.GetRequiredService<IStartupValidator>().Validate();
        Assert.Equal(2, _log.Lines.Count(line => line.Contains("Loaded the model", StringComparison.Ordinal)));
        services.GetRequiredKeyedService<CharacterRecognizer>("odd");
        Assert.Equal(2, _log.Lines.Count);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("named")]
    public void A_host_does_not_start_with_a_model_that_can_not_be_used(string? name)
    {
        File.WriteAllBytes(ModelPath, [1, 2, 3, 4, 5]);
        var collection = new ServiceCollection();
        if (name is null) collection.AddCharacterRecognizer(options => options.ModelPath = ModelPath);
        else collection.AddCharacterRecognizer(name, options => options.ModelPath = ModelPath);
        collection.AddCharacterRecognizer("other", options => options.Top = 0);
        using ServiceProvider services = collection.BuildServiceProvider();
        var mistakes = Assert.Throws<AggregateException>(services.GetRequiredService<IStartupValidator>().Validate).InnerExceptions.Select(e => Assert.IsType<OptionsValidationException>(e).Message);
        Assert.Collection(mistakes.Order(StringComparer.Ordinal), damaged => Assert.Contains(ModelPath, damaged, StringComparison.Ordinal), top => Assert.Contains("Top is 0", top, StringComparison.Ordinal));
    }

    [Fact]
    public void A_host_starts_with_recognizers_that_the_application_has_one_of_for_each_scope()
    {
        var collection = new ServiceCollection();
        collection.AddCharacterRecognizer();
        collection.AddScoped(_ => CharacterRecognizer.Load(ShippedModel.Digits));
        using ServiceProvider services = collection.BuildServiceProvider(validateScopes: true);
        services.GetRequiredService<IStartupValidator>().Validate();
    }

    [Fact]
    public void A_file_that_can_not_be_used_keeps_the_model_and_is_reported()
    {
        byte[] good = ModelReplacementTests.Model(0);
        File.WriteAllBytes(ModelPath, good);
        using ServiceProvider services = Services(Quick);
        var recognizer = services.GetRequiredService<CharacterRecognizer>();
        Prediction before = recognizer.RecognizeNormalized(s_image);

        File.WriteAllBytes(ModelPath, good[..(good.Length / 2)]);
        Wait(() => _log.Lines.Any(line => line.Contains("Kept the model in use", StringComparison.Ordinal)), "the refusal");
        File.Delete(ModelPath);
        Wait(() => _log.Lines.Any(line => line.Contains("is gone", StringComparison.Ordinal)), "the report of the file's absence");
        Assert.Equal(0, recognizer.ModelVersion);
        Assert.Equal(before.Candidates, recognizer.RecognizeNormalized(s_image).Candidates);

        File.WriteAllBytes(ModelPath, ModelReplacementTests.Model(1));
        Wait(() => recognizer.ModelVersion == 1, "the good file");
        Assert.NotEqual(before.Candidates, recognizer.RecognizeNormalized(s_image).Candidates);
        Assert.Single(_log.Lines, line => line.Contains("Kept the model in use", StringComparison.Ordinal));
    }

    [Fact]
    public void A_file_that_another_program_holds_is_used_once_it_is_free()
    {
        File.WriteAllBytes(ModelPath, ModelReplacementTests.Model(0));
        byte[] next = ModelReplacementTests.Model(1);
        // Long enough for the file to be whole when it is looked at
        using ServiceProvider services = Services(options =>
        {
            Quick(options);
            options.SettleTime = TimeSpan.FromMilliseconds(300);
        });
        var recognizer = services.GetRequiredService<CharacterRecognizer>();
        using (var held = new FileStream(ModelPath, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            held.Write(next);
            held.Flush();
            Wait(() => _log.Lines.Any(line => line.Contains("Kept the model in use", StringComparison.Ordinal)), "the refusal");
        }
        Wait(() => recognizer.ModelVersion == 1, "the file that is free");
        Assert.Single(_log.Lines, line => line.Contains("Kept the model in use", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_that_can_not_be_used_counts_as_one_failure(bool isHeld)
    {
        byte[] good = ModelReplacementTests.Model(0);
        File.WriteAllBytes(ModelPath, good);
        using ServiceProvider services = Services(Quick);
        var recognizer = services.GetRequiredService<CharacterRecognizer>();
        int failures = 0;
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        listener.InstrumentPublished = (instrument, l) => { if (instrument.Name == "recognizer.model.failures") l.EnableMeasurementEvents(instrument); };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref failures, (int)value));
        listener.Start();
        using (var damaged = new FileStream(ModelPath, FileMode.Create, FileAccess.Write, isHeld ? FileShare.None : FileShare.ReadWrite))
        {
            damaged.Write(good.AsSpan(0, good.Length / 2));
            damaged.Flush();
            Wait(() => _log.Lines.Any(line => line.Contains("Kept the model in use", StringComparison.Ordinal)), "the refusal");
            int once = Volatile.Read(ref failures);
            Thread.Sleep(300); // many polls
            Assert.Equal(once, Volatile.Read(ref failures));
        }
        GC.KeepAlive(recognizer);
    }

    [Theory]
    [InlineData("model.onnx.data")] // written over
    [InlineData("new.data")]
    public void Weights_in_another_file_may_come_after_the_model(string data)
    {
        Write(0, "model.onnx.data");
        // Long enough for a file to be whole
        using ServiceProvider services = Services(options =>
        {
            Quick(options);
            options.SettleTime = TimeSpan.FromMilliseconds(300);
        });
        var recognizer = services.GetRequiredService<CharacterRecognizer>();
        using CharacterRecognizer next = CharacterRecognizer.Load(ModelReplacementTests.Model(1));
        Prediction expected = next.RecognizeNormalized(s_image);
        Assert.NotEqual(expected.Candidates, recognizer.RecognizeNormalized(s_image).Candidates);

        byte[] weights = Externalize(1, data, out byte[] model);
        File.WriteAllBytes(ModelPath, model);
        Wait(() => _log.Lines.Any(line => line.Contains("Replaced the model", StringComparison.Ordinal) || line.Contains("Kept the model", StringComparison.Ordinal)), "the model without its weights");
        Thread.Sleep(300); // many polls
        File.WriteAllBytes(_folder.File(data), weights);
        Wait(() => expected.Candidates.SequenceEqual(recognizer.RecognizeNormalized(s_image).Candidates), "the model with its weights");
        Assert.Equal(data == "new.data" ? (1, 1) : (0, 2), (_log.Lines.Count(line => line.Contains("Kept the model", StringComparison.Ordinal)), (int)recognizer.ModelVersion));
    }

    [Fact]
    public void Weights_that_another_program_holds_are_used_once_they_are_free()
    {
        Write(0, "old.data");
        using ServiceProvider services = Services(Quick);
        var recognizer = services.GetRequiredService<CharacterRecognizer>();
        byte[] weights = Externalize(1, "new.data", out byte[] model);
        using (var held = new FileStream(_folder.File("new.data"), FileMode.Create, FileAccess.Write, FileShare.None))
        {
            held.Write(weights);
            held.Flush();
            File.WriteAllBytes(ModelPath, model);
            Wait(() => _log.Lines.Any(line => line.Contains("Kept the model in use", StringComparison.Ordinal)), "the refusal");
        }
        Wait(() => recognizer.ModelVersion == 1, "the file that is free");
    }

    [Fact]
    public void A_file_that_goes_before_it_is_read_is_reported()
    {
        File.WriteAllBytes(ModelPath, ModelReplacementTests.Model(0));
        using ServiceProvider services = Services(options =>
        {
            Quick(options);
            options.SettleTime = TimeSpan.FromSeconds(1);
        });
        var recognizer = services.GetRequiredService<CharacterRecognizer>();
        File.WriteAllBytes(ModelPath, ModelReplacementTests.Model(1));
        Thread.Sleep(150);
        File.Delete(ModelPath);
        Wait(() => _log.Lines.Any(line => line.Contains("is gone", StringComparison.Ordinal)), "the report of the file's absence");
        Assert.Equal(0, recognizer.ModelVersion);
    }

    [Fact]
    public void A_log_that_throws_ends_nothing()
    {
        File.WriteAllBytes(ModelPath, ModelReplacementTests.Model(0));
        using ServiceProvider services = Services(Quick);
        var recognizer = services.GetRequiredService<CharacterRecognizer>();
        _log.Throws = true;
        File.WriteAllBytes(ModelPath, ModelReplacementTests.Model(1));
        Wait(() => _log.Lines.Any(line => line.Contains("Replaced the model", StringComparison.Ordinal)), "the first replacement");
        _log.Throws = false;
        File.WriteAllBytes(ModelPath, ModelReplacementTests.Model(2));
        Wait(() => recognizer.ModelVersion == 2, "the second replacement");
        Assert.DoesNotContain(_log.Lines, line => line.Contains("Kept the model in use", StringComparison.Ordinal));
        services.Dispose();
        Assert.Throws<ObjectDisposedException>(() => recognizer.RecognizeNormalized(s_image));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_reloads_keeps_nothing_of_the_first_request(bool isAlreadyWithoutFlow)
    {
        File.WriteAllBytes(ModelPath, ModelReplacementTests.Model(0));
        using ServiceProvider services = Services(Quick);
        var request = new AsyncLocal<object?> { Value = new object() };
        CharacterRecognizer recognizer;
        using (isAlreadyWithoutFlow ? ExecutionContext.SuppressFlow() : default) recognizer = services.GetRequiredService<CharacterRecognizer>();
        var seen = new ConcurrentQueue<object?>();
        _log.Writing = () => seen.Enqueue(request.Value);
        File.WriteAllBytes(ModelPath, ModelReplacementTests.Model(1));
        Wait(() => recognizer.ModelVersion == 1 && !seen.IsEmpty, "the replacement");
        Assert.All(seen, Assert.Null);
    }

    [Fact]
    public void Limits_on_pictures_are_options()
    {
        File.WriteAllBytes(ModelPath, ModelReplacementTests.Model(0));
        using ServiceProvider services = Services(options => options.Decoder = new DecoderOptions { MaxPixels = 99 });
        Assert.Throws<ImageFormatException>(() => services.GetRequiredService<CharacterRecognizer>().Recognize(PngEncoder.Encode(10, 10, 1, new byte[100])));
        using ServiceProvider wrong = Services(options => options.Decoder = new DecoderOptions { MaxMemoryBytes = 0 });
        Assert.Contains("Decoder.MaxMemoryBytes is 0", Assert.Throws<OptionsValidationException>(wrong.GetRequiredService<CharacterRecognizer>).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_that_points_elsewhere_is_a_change()
    {
        // As container orchestrators replace mounted files: no event in the link's own folder tells.
        foreach (int version in new[] { 0, 1 })
        {
            Directory.CreateDirectory(_folder.File("v" + version));
            string file = _folder.File($"v{version}/model.onnx");
            File.WriteAllBytes(file, ModelReplacementTests.Model(version));
            // Images of containers are often built with one time for all files, and models of one architecture have the same length.
            File.SetLastWriteTimeUtc(file, new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc));
            Thread.Sleep(20);
        }
        string current = _folder.File("current");
        Directory.CreateSymbolicLink(current, _folder.File("v0"));
        File.CreateSymbolicLink(ModelPath, Path.Combine("current", "model.onnx"));
        using ServiceProvider services = Services(Quick);
        var recognizer = services.GetRequiredService<CharacterRecognizer>();
        Directory.Delete(current);
        Directory.CreateSymbolicLink(current, _folder.File("v1"));
        Wait(() => recognizer.ModelVersion == 1, "the link's new target");
    }

    [Fact]
    public void No_answer_is_wrong_torn_or_stale_while_the_file_is_replaced_fifty_times()
    {
        const int Replacements = 50;
        byte[][] models = [.. Enumerable.Range(0, Replacements + 1).Select(ModelReplacementTests.Model)];
        File.WriteAllBytes(ModelPath, models[0]);
        using ServiceProvider services = Services(Quick);
        var recognizer = services.GetRequiredService<CharacterRecognizer>();
        var hammer = new ModelReplacementTests.Hammer([.. models.Select(ModelReplacementTests.Answers)]);
        hammer.Run(recognizer, () =>
        {
            for (int i = 1; i <= Replacements; i++)
            {
                // Both ways that programs write files: in place, in two parts, and by renaming.
                if (i % 2 == 0)
                {
                    string temporary = ModelPath + ".new";
                    File.WriteAllBytes(temporary, models[i]);
                    File.Move(temporary, ModelPath, overwrite: true);
                }
                else
                {
                    using var stream = new FileStream(ModelPath, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
                    stream.Write(models[i].AsSpan(0, models[i].Length / 3));
                    stream.Flush();
                    Thread.Sleep(2);
                    stream.Write(models[i].AsSpan(models[i].Length / 3));
                }
                int version = i;
                Wait(() => recognizer.ModelVersion >= version, $"replacement {i}; the log has {string.Join(" | ", _log.Lines.TakeLast(3))}");
                Assert.Equal(version, recognizer.ModelVersion);
                if (i == 10) hammer.Mark();
                if (ModelReplacementTests.Long) Thread.Sleep(1_100);
            }
        });
        Assert.True(hammer.ModelsSeen > Replacements / 2, $"Only {hammer.ModelsSeen} models answered: the threads did not read beside the replacements.");
    }

    private static void Quick(CharacterRecognizerOptions options)
    {
        options.SettleTime = TimeSpan.FromMilliseconds(20);
        options.PollingInterval = TimeSpan.FromMilliseconds(50);
    }

    private static void Wait(Func<bool> condition, string what)
    {
        long started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(30), $"Waited in vain for {what}.");
            Thread.Sleep(5);
        }
    }

    private void Write(int seed, string data)
    {
        File.WriteAllBytes(_folder.File(data), Externalize(seed, data, out byte[] model));
        File.WriteAllBytes(ModelPath, model);
    }

    /// <summary>A model with its weights in another file.</summary>
    /// <returns>What is in that file.</returns>
    private static byte[] Externalize(int seed, string data, out byte[] model)
    {
        ModelProto proto = ModelProto.Parser.ParseFrom(ModelReplacementTests.Model(seed));
        var weights = new List<byte>();
        foreach (TensorProto tensor in proto.Graph.Initializer)
        {
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "location", Value = data });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "offset", Value = $"{weights.Count}" });
            tensor.ExternalData.Add(new StringStringEntryProto { Key = "length", Value = $"{tensor.RawData.Length}" });
            tensor.DataLocation = TensorProto.Types.DataLocation.External;
            weights.AddRange(tensor.RawData.ToByteArray());
            tensor.ClearRawData();
        }
        model = proto.ToByteArray();
        return [.. weights];
    }

    private ServiceProvider Services(Action<CharacterRecognizerOptions> configure)
    {
        var collection = new ServiceCollection();
        collection.AddLogging(logging => logging.AddProvider(_log).SetMinimumLevel(LogLevel.Debug));
        collection.AddCharacterRecognizer(options => options.ModelPath = ModelPath).Configure(configure);
        return collection.BuildServiceProvider();
    }

    private sealed class LogList : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public ConcurrentQueue<string> Lines => _lines;

        /// <summary>Is called for each line by whoever writes it.</summary>
        public Action? Writing { get; set; }

        /// <summary>Whether writing a line fails, once it is written.</summary>
        public bool Throws { get; set; }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Writing?.Invoke();
            _lines.Enqueue(formatter(state, exception));
            if (Throws) throw new IOException("The disk is full.");
        }

        public void Dispose()
        {
        }
    }
}
