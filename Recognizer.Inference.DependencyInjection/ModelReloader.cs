using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Recognizer.Inference.Onnx;

namespace Recognizer.Inference.DependencyInjection;

/// <summary>Takes a model file into use whenever it has changed. The file system's events wake it up; it looks by itself from time to time too, because these
/// events get lost on overflow and never come from network shares.</summary>
/// <remarks>A file is read when it has stayed the same for the settle time, and used if it also was the same after reading. A file that can't be used is
/// reported once and tried again when it changes; one that can't be read, because of its permissions or another program that holds it, is tried again without that. A file counts as
/// changed when its length or time does, or the place that links lead to; weights in other files are read with it, but not watched.</remarks>
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
    private FileStamp _known; // of the file that is in use, or was refused for good
    private (FileStamp Stamp, string Reason) _refusal; // the last one, which is reported once
    private bool _isGone;

    /// <param name="recognizer">Gets the models.</param>
    /// <param name="path">Full path of the file.</param>
    /// <param name="stamp">The file that is in use already.</param>
    /// <param name="settleTime">How long a changed file must stay the same.</param>
    /// <param name="pollingInterval">How often to look without an event.</param>
    /// <param name="logger">Is told of each replacement and refusal.</param>
    public ModelReloader(CharacterRecognizer recognizer, string path, FileStamp stamp, TimeSpan settleTime, TimeSpan pollingInterval, ILogger logger)
    {
        _recognizer = recognizer;
        _path = path;
        _settleTime = settleTime;
        _pollingInterval = pollingInterval;
        _logger = logger;
        _known = stamp;
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
        FileStamp stamp = FileStamp.Of(_path);
        (bool wasGone, _isGone) = (_isGone, !stamp.Exists);
        // Some programs delete before they write.
        if (_isGone && !wasGone) Log.Gone(_logger, _path);
        if (!_isGone && stamp != _known) Reload(await Settle(stamp).ConfigureAwait(false));
    }

    private async Task<FileStamp> Settle(FileStamp stamp)
    {
        while (true)
        {
            await Task.Delay(_settleTime, _ending.Token).ConfigureAwait(false);
            FileStamp now = FileStamp.Of(_path);
            if (now == stamp) return stamp;
            stamp = now;
        }
    }

    /// <summary>Uses the file, unless it changes meanwhile.</summary>
    private void Reload(FileStamp stamp)
    {
        // A try is counted as a failure: what couldn't be opened isn't tried again before it can be
        if (!stamp.Exists || stamp == _refusal.Stamp && !CanBeOpened()) return;
        long started = Stopwatch.GetTimestamp();
        try
        {
            // A file that changed while it was read may be a mixture of two, which could even be a valid model: it is looked at before it is used.
            if (!_recognizer.TryReplaceModel(_path, () => FileStamp.Of(_path) == stamp)) return;
        }
        catch (ObjectDisposedException)
        {
            _known = stamp;
            return;
        }
        catch (Exception exception)
        {
            // Whatever a new file does, the model in use must go on.
            if (FileStamp.Of(_path) == stamp) Refuse(stamp, exception);
            return;
        }
        _known = stamp;
        Log.Replaced(_logger, _path, (long)Stopwatch.GetElapsedTime(started).TotalMilliseconds, _recognizer.ModelVersion);
    }

    private bool CanBeOpened()
    {
        try
        {
            File.OpenHandle(_path, share: FileShare.Read | FileShare.Delete).Dispose();
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private void Refuse(FileStamp stamp, Exception exception)
    {
        // What keeps it from being read may end without a change of the file
        if (exception is not OnnxException { IsUnreadable: true }) _known = stamp;
        string reason = exception is OnnxException or ArgumentException ? exception.Message : exception.ToString();
        if (_refusal == (stamp, reason)) return;
        _refusal = (stamp, reason);
        Log.Refused(_logger, _path, reason);
    }
}
