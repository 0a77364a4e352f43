using System.Net;
using System.Net.Http.Headers;

namespace Recognizer.Training.Datasets;

/// <summary>How hard a download tries.</summary>
internal sealed record DownloadPolicy
{
    /// <summary>Tries at each mirror.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>Pause before the second try; it doubles each time.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A mirror that sends nothing for so long is given up.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>
/// Gets a file from the first mirror that has it whole. What arrives goes to <c>NAME.part</c>, where a broken download continues (by a Range request, also from
/// another mirror, also in a later run); only a file that passes its check gets its name.
/// </summary>
internal static class Downloader
{
    private static readonly HttpClient s_client = CreateClient();

    private static HttpClient CreateClient()
    {
        var client = new HttpClient(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(20), AutomaticDecompression = DecompressionMethods.None, MaxAutomaticRedirections = 8 })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("recognizer", "0.1"));
        return client;
    }

    /// <summary>Gets a file whose length and checksum are known.</summary>
    public static void Download(IReadOnlyList<Uri> mirrors, string destination, CatalogueFile expected, DatasetLoadOptions options) =>
        Download(mirrors, destination, expected.Size, path =>
        {
            using var stream = File.OpenRead(path);
            string actual = CatalogueFile.Checksum(stream);
            return actual == expected.Sha256 ? null : $"its sha256 is {actual}, expected {expected.Sha256}";
        }, options);

    /// <summary>Gets a file.</summary>
    /// <param name="mirrors">Where it is, best first.</param>
    /// <param name="destination">Where it goes.</param>
    /// <param name="size">Its length, if that is known.</param>
    /// <param name="check">Says what is wrong with a complete file at a path, or null.</param>
    /// <param name="options">Progress, cancellation and policy.</param>
    public static void Download(IReadOnlyList<Uri> mirrors, string destination, long? size, Func<string, string?> check, DatasetLoadOptions options)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(destination))!);
        string part = destination + ".part";
        var failures = new List<string>();
        foreach (var mirror in mirrors)
        {
            for (int attempt = 1; ; attempt++)
            {
                var (failure, retry) = TryOnce(mirror, part, size, check, options);
                if (failure is null)
                {
                    File.Move(part, destination, overwrite: true);
                    return;
                }
                if (!retry || attempt >= options.Download.Attempts)
                {
                    failures.Add($"{mirror}: {failure}");
                    break;
                }
                options.Progress?.Invoke($"{mirror}: {failure}; trying again");
                if (options.CancellationToken.WaitHandle.WaitOne(options.Download.FirstDelay * Math.Pow(2, attempt - 1)))
                    options.CancellationToken.ThrowIfCancellationRequested();
            }
        }
        throw new DatasetException($"{Path.GetFileName(destination)} can't be downloaded. {string.Join(". ", failures)}.");
    }

    private static (string? Failure, bool Retry) TryOnce(Uri mirror, string part, long? size, Func<string, string?> check, DatasetLoadOptions options)
    {
        try
        {
            long start = File.Exists(part) ? new FileInfo(part).Length : 0;
            bool resumed = start > 0;
            if (start > size)
            {
                File.Delete(part);
                (start, resumed) = (0, false);
            }
            if (start != size || start == 0)
                FetchAsync(mirror, part, start, size, options).GetAwaiter().GetResult();
            if (check(part) is not { } wrong)
                return (null, false);
            // What was resumed may have been the start of something else: the mirror gets a chance to send all of it.
            File.Delete(part);
            return (wrong, resumed);
        }
        catch (RefusedException e)
        {
            return (e.Message, e.Retry);
        }
        catch (HttpRequestException e)
        {
            return (e.InnerException?.Message ?? e.Message, e.HttpRequestError != HttpRequestError.NameResolutionError);
        }
        catch (IOException e)
        {
            return (e.Message, true);
        }
        catch (OperationCanceledException e) when (!options.CancellationToken.IsCancellationRequested)
        {
            // Where no connection was made in time, the inner exception says so.
            return (e.InnerException is TimeoutException timeout ? timeout.Message : $"nothing arrived for {options.Download.StallTimeout.TotalSeconds:0.##} s", true);
        }
    }

    /// <summary>Appends what the mirror has beyond it to the partial file.</summary>
    private static async Task FetchAsync(Uri mirror, string part, long start, long? size, DatasetLoadOptions options)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(options.CancellationToken);
        stall.CancelAfter(options.Download.StallTimeout);
        using var request = new HttpRequestMessage(HttpMethod.Get, mirror);
        if (start > 0)
            request.Headers.Range = new RangeHeaderValue(start, null);
        using var response = await s_client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stall.Token).ConfigureAwait(false);
        // It has nothing behind what is there already: the check tells whether that is all.
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable && start > 0)
            return;
        if (!response.IsSuccessStatusCode)
            throw new RefusedException($"answers {(int)response.StatusCode} {response.ReasonPhrase}", Retry: (int)response.StatusCode >= 500 || response.StatusCode == HttpStatusCode.TooManyRequests);
        bool continues = response.StatusCode == HttpStatusCode.PartialContent;
        if (continues && response.Content.Headers.ContentRange?.From != start)
            throw new RefusedException("sends another part than was asked for", Retry: false);
        if (!continues)
            start = 0;
        long? total = size ?? (response.Content.Headers.ContentLength + start);
        var source = await response.Content.ReadAsStreamAsync(stall.Token).ConfigureAwait(false);
        await using (source.ConfigureAwait(false))
        {
            var file = new FileStream(part, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None);
            await using (file.ConfigureAwait(false))
            {
                file.SetLength(start);
                file.Position = start;
                await CopyAsync(source, file, start, total, size is not null, stall, Path.GetFileName(part)[..^".part".Length], options).ConfigureAwait(false);
            }
        }
    }

    private static async Task CopyAsync(Stream source, FileStream file, long done, long? total, bool exact, CancellationTokenSource stall, string name, DatasetLoadOptions options)
    {
        var buffer = new byte[1 << 16];
        bool resumed = done > 0;
        long lastReport = Environment.TickCount64;
        while (true)
        {
            stall.CancelAfter(options.Download.StallTimeout);
            int n = await source.ReadAsync(buffer, stall.Token).ConfigureAwait(false);
            if (n == 0)
                break;
            done += n;
            if (exact && done > total)
            {
                file.SetLength(0);
                throw new RefusedException($"sends more than the {total} bytes that the file has", Retry: resumed);
            }
            await file.WriteAsync(buffer.AsMemory(0, n), stall.Token).ConfigureAwait(false);
            if (Environment.TickCount64 - lastReport >= 1000)
            {
                lastReport = Environment.TickCount64;
                options.Progress?.Invoke($"{name}: {done / 1e6:0.0}{(total is { } t ? $" of {t / 1e6:0.0} MB, {100 * done / t} %" : " MB")}");
            }
        }
        if (done < total)
            throw new IOException($"the connection ended after {done} of {total} bytes");
    }

    /// <summary>The mirror answers, but not with the file.</summary>
    private sealed class RefusedException(string message, bool Retry) : Exception(message)
    {
        public bool Retry { get; } = Retry;
    }
}
