using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.DependencyInjection;

/// <summary>Takes a model file into use whenever it, or a file with its weights, has changed. The file system's events wake it up where it is the model file; it looks by itself from time to
/// time too, because these events get lost on overflow and never come from network shares.</summary>
/// <remarks>A model is read when its files have stayed the same for the settle time, and used if they also were the same after reading. One that can't be used is
/// reported once and tried again when a file changes; one that can't be read, because of permissions or another program that holds a file, is tried again without that. A file counts as
/// changed when its length or time does, or the place that links lead to, or when it comes or goes.</remarks>
internal sealed class ModelReloader : IDisposable
{
    private readonly CharacterRecognizer _recognizer;
    private readonly string _path;
    private readonly TimeSpan _settleTime;
    private readonly TimeSpan _pollingInterval;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _changed = new(0);
    private readonly CancellationTokenSource _ending = new();
    private readonly FileSystemWatcher? _watcher;
    private readonly Task _loop;
    private ModelFiles _known; // of the model that is in use, or was refused for good
    private (ModelFiles Files, string Reason)? _refusal; // the last one, which is reported once
    private bool _isGone;

    /// <param name="recognizer">Gets the models.</param>
    /// <param name="path">Full path of the file.</param>
    /// <param name="files">What is in use already.</param>
    /// <param name="settleTime">How long a changed file must stay the same.</param>
    /// <param name="pollingInterval">How often to look without an event.</param>
    /// <param name="logger">Is told of each replacement and refusal.</param>
    public ModelReloader(CharacterRecognizer recognizer, string path, ModelFiles files, TimeSpan settleTime, TimeSpan pollingInterval, ILogger logger)
    {
        _recognizer = recognizer;
        _path = path;
        _settleTime = settleTime;
        _pollingInterval = pollingInterval;
        _logger = logger;
        _known = files;
        // What goes on isn't part of the request that happened to be the first.
        using AsyncFlowControl flow = ExecutionContext.SuppressFlow();
        _watcher = Watch();
        _loop = Task.Run(Follow);
    }

    public void Dispose()
    {
        _ending.Cancel();
        _watcher?.Dispose();
        // A model that is being loaded is finished first; nothing of this outlives the call.
        _loop.GetAwaiter().GetResult();
        _ending.Dispose();
        _changed.Dispose();
    }

    private FileSystemWatcher? Watch()
    {
        FileSystemWatcher? watcher = null;
        try
        {
            watcher = new FileSystemWatcher(Path.GetDirectoryName(_path)!, Path.GetFileName(_path))
            {
                NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite | NotifyFilters.Size | NotifyFilters.CreationTime,
            };
            watcher.Changed += Wake;
            watcher.Created += Wake;
            watcher.Renamed += Wake;
            watcher.EnableRaisingEvents = true;
            return watcher;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or PlatformNotSupportedException)
        {
            // Out of watches, or a file system without any.
            watcher?.Dispose();
            Log.PollingOnly(_logger, _path, exception.Message);
            return null;
        }
    }

    private void Wake(object sender, FileSystemEventArgs e)
    {
        try
        {
            _changed.Release();
        }
        catch (ObjectDisposedException)
        {
            // The last event came while this was disposed.
        }
    }

    private async Task Follow()
    {
        while (!_ending.IsCancellationRequested)
        {
            try
            {
                await _changed.WaitAsync(_pollingInterval, _ending.Token).ConfigureAwait(false);
                while (_changed.Wait(0)) { }
                await Look().ConfigureAwait(false);
            }
            catch (Exception)
            {
                // Disposed; or a log threw, which ends neither this nor whoever disposes of it.
            }
        }
    }

    private async Task Look()
    {
        (bool wasGone, _isGone) = (_isGone, !FileStamp.Of(_path).Exists);
        // Some programs delete before they write.
        if (_isGone && !wasGone) Log.Gone(_logger, _path);
        if (_isGone || !_known.HaveChanged) return;
        ModelFiles files;
        do
        {
            files = _known.Now();
            await Task.Delay(_settleTime, _ending.Token).ConfigureAwait(false);
        }
        while (files.HaveChanged);
        Reload();
    }

    /// <summary>Uses the model, unless its files change meanwhile.</summary>
    private void Reload()
    {
        var files = new ModelFiles(_path);
        // A try is counted as a failure: what couldn't be opened isn't tried again before it can be
        if (!files.Exist || _refusal is { Files.HaveChanged: false } refusal && !refusal.Files.CanBeOpened()) return;
        long started = Stopwatch.GetTimestamp();
        try
        {
            // Files that changed while they were read may be a mixture of two models, which could even be a valid one: they are looked at before it is used.
            if (!_recognizer.TryReplaceModel(_path, () => !files.HaveChanged, files.Add)) return;
        }
        catch (ObjectDisposedException)
        {
            _known = files;
            return;
        }
        catch (Exception exception)
        {
            // Whatever a new file does, the model in use must go on.
            if (!files.HaveChanged) Refuse(files, exception);
            return;
        }
        _known = files;
        Log.Replaced(_logger, _path, (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds, _recognizer.ModelVersion);
    }

    private void Refuse(ModelFiles files, Exception exception)
    {
        // What keeps a file from being read may end without a change of it; what isn't there, or not in full, comes with one
        if (exception is not OnnxException { IsUnreadable: true, InnerException: not null }) _known = files;
        string reason = exception is OnnxException or ArgumentException ? exception.Message : exception.ToString();
        bool isReported = _refusal is { Files.HaveChanged: false } last && last.Reason == reason;
        _refusal = (files, reason);
        if (isReported) return;
        Log.Refused(_logger, _path, reason);
    }
}
