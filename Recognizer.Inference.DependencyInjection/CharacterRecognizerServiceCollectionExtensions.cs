using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Recognizer.Inference;
using Recognizer.Inference.DependencyInjection;
using Recognizer.Inference.Onnx;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers recognisers as services.</summary>
public static class CharacterRecognizerServiceCollectionExtensions
{
    /// <summary>Registers a <see cref="CharacterRecognizer"/> as a singleton. Options are validated and the model is loaded when the host starts, which fails where one of them does; without
    /// a host, when the recogniser is first asked for. The model is replaced in place when its file changes.</summary>
    /// <remarks>Options are read once: configuration that changes later, the model's path included, counts for nothing until the application starts anew. Only changes of the files do.
    /// <para>A file counts as changed when its length or its time of writing does, or the place that links lead to: one of the same length that is renamed into place must have another
    /// time. Files beside the model that hold its weights count too; their changes are found by <see cref="CharacterRecognizerOptions.PollingInterval"/>.</para></remarks>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets options; null leaves the defaults, that is the shipped model.</param>
    /// <returns>A builder for the options, to bind configuration to.</returns>
    public static OptionsBuilder<CharacterRecognizerOptions> AddCharacterRecognizer(this IServiceCollection services, Action<CharacterRecognizerOptions>? configure = null)
    {
        OptionsBuilder<CharacterRecognizerOptions> builder = AddOptions(services, Options.Options.DefaultName, configure, static provider => provider.GetRequiredService<CharacterRecognizer>());
        services.TryAddSingleton(provider => new RecognizerHolder(provider, Options.Options.DefaultName));
        services.TryAddSingleton(provider => provider.GetRequiredService<RecognizerHolder>().Recognizer);
        return builder;
    }

    /// <summary>Registers one of several recognisers as a keyed singleton: ask for it with <c>[FromKeyedServices("name")]</c>.</summary>
    /// <remarks>As <see cref="AddCharacterRecognizer(IServiceCollection, Action{CharacterRecognizerOptions}?)"/>: each is loaded when the host starts.</remarks>
    /// <param name="services">The services.</param>
    /// <param name="name">Key of the service and name of its options.</param>
    /// <param name="configure">Sets options; null leaves the defaults, that is the shipped model.</param>
    /// <returns>A builder for the options, to bind configuration to.</returns>
    public static OptionsBuilder<CharacterRecognizerOptions> AddCharacterRecognizer(this IServiceCollection services, string name, Action<CharacterRecognizerOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        OptionsBuilder<CharacterRecognizerOptions> builder = AddOptions(services, name, configure, provider => provider.GetRequiredKeyedService<CharacterRecognizer>(name));
        services.TryAddKeyedSingleton(name, (provider, _) => new RecognizerHolder(provider, name));
        services.TryAddKeyedSingleton(name, (provider, _) => provider.GetRequiredKeyedService<RecognizerHolder>(name).Recognizer);
        return builder;
    }

    private static OptionsBuilder<CharacterRecognizerOptions> AddOptions(IServiceCollection services, string name, Action<CharacterRecognizerOptions>? configure,
        Func<IServiceProvider, CharacterRecognizer> load)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<CharacterRecognizerOptions>, CharacterRecognizerOptionsValidator>());
        // Loading validates the recogniser's own options first
        services.AddOptions<LoadedModel>(name).Configure<IServiceScopeFactory>((_, scopes) => Load(name, scopes, load)).ValidateOnStart();
        OptionsBuilder<CharacterRecognizerOptions> builder = services.AddOptions<CharacterRecognizerOptions>(name);
        return configure is null ? builder : builder.Configure(configure);
    }

    /// <summary>Asks for a recogniser, in a scope, as an application may have registered another one for each.</summary>
    private static void Load(string name, IServiceScopeFactory scopes, Func<IServiceProvider, CharacterRecognizer> load)
    {
        try
        {
            using IServiceScope scope = scopes.CreateScope();
            load(scope.ServiceProvider);
        }
        catch (Exception exception) when (exception is OnnxException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            // Of this kind, hosts gather all before they end
            throw new OptionsValidationException(name, typeof(CharacterRecognizerOptions), [exception.Message]);
        }
    }

    /// <summary>Options of nothing, which can't be made unless the model is loaded: hosts make all options that are to be valid when they start.</summary>
    private sealed class LoadedModel;

    /// <summary>A recogniser with what keeps its model up to date; the container disposes of it.</summary>
    private sealed class RecognizerHolder : IDisposable
    {
        private readonly ModelReloader? _reloader;

        public RecognizerHolder(IServiceProvider provider, string name)
        {
            // Whoever monitors options has them made and validated again when configuration changes, which throws out of its reload where they are wrong by then
            CharacterRecognizerOptions options = provider.GetRequiredService<IOptionsFactory<CharacterRecognizerOptions>>().Create(name);
            ILogger logger = (ILogger?)provider.GetService<ILogger<CharacterRecognizer>>() ?? NullLogger.Instance;
            if (options.ModelPath is null)
            {
                Recognizer = CharacterRecognizer.Load(options.Shipped, options.ToRecognizerOptions());
                Tell(() => Log.LoadedShipped(logger, options.Shipped, Recognizer.Labels.Count));
                return;
            }
            string path = Path.GetFullPath(options.ModelPath);
            // The file may change while it is read: what is watched for is a change from before that.
            var files = new ModelFiles(path);
            Recognizer = CharacterRecognizer.Load(path, options.ToRecognizerOptions(), files.Add);
            Tell(() => Log.Loaded(logger, path, Recognizer.Labels.Count));
            if (options.ReloadOnChange) _reloader = new ModelReloader(Recognizer, path, files, options.SettleTime, options.PollingInterval, logger);
        }

        // A log that throws costs nobody the recogniser, which nothing would dispose of any more
        private static void Tell(Action write)
        {
            try
            {
                write();
            }
            catch (Exception)
            {
            }
        }

        public CharacterRecognizer Recognizer { get; }

        public void Dispose()
        {
            try
            {
                _reloader?.Dispose();
            }
            finally
            {
                Recognizer.Dispose();
            }
        }
    }
}
