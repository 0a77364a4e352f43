using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Recognizer.Training.Datasets;
using static Recognizer.Tests.Datasets.DatasetBytes;

namespace Recognizer.Tests.Datasets;

public sealed class DownloadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly byte[] _file = Gzip(IdxImages(Pixels(40)));
    private readonly List<string> _progress = [];

    public void Dispose() => _folder.Dispose();

    /// <summary>A server on the loopback interface that answers every request as told and then closes the connection.</summary>
    private sealed class Server : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly Func<string, long?, byte[]> _answer;

        /// <param name="answer">The raw answer to a path and the start of the range that is asked for.</param>
        public Server(Func<string, long?, byte[]> answer)
        {
            _answer = answer;
            _listener.Start();
            _ = Task.Run(ServeAsync);
        }

        public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

        public List<string> Requests { get; } = [];

        private async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var client = await _listener.AcceptTcpClientAsync();
                    using var reader = new StreamReader(client.GetStream(), Encoding.ASCII, leaveOpen: true);
                    string path = (await reader.ReadLineAsync())!.Split(' ')[1];
                    long? start = null;
                    while (await reader.ReadLineAsync() is { Length: > 0 } header)
                    {
                        if (header.StartsWith("Range: bytes=", StringComparison.OrdinalIgnoreCase))
                            start = long.Parse(header["Range: bytes=".Length..].TrimEnd('-'));
                    }
                    lock (Requests)
                        Requests.Add(start is null ? path : $"{path} from {start}");
                    byte[] answer = _answer(path, start);
                    if (answer.Length == 0)
                        await Task.Delay(2000);
                    else
                        await client.GetStream().WriteAsync(answer);
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or IOException)
            {
                // stopped, or the client went away
            }
        }

        public void Dispose() => _listener.Dispose();
    }

    private static byte[] Answer(string status, ReadOnlySpan<byte> body, int? length = null, string headers = "") =>
        [.. Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {length ?? body.Length}\r\nConnection: close\r\n{headers}\r\n"), .. body];

    private static byte[] Ranged(byte[] file, long? start) => start is { } s
        ? Answer("206 Partial Content", file.AsSpan((int)s), headers: $"Content-Range: bytes {s}-{file.Length - 1}/{file.Length}\r\n")
        : Answer("200 OK", file);

    private DatasetLoadOptions Options => new()
    {
        Root = _folder.Root,
        Progress = _progress.Add,
        Download = new DownloadPolicy { FirstDelay = TimeSpan.FromMilliseconds(1), StallTimeout = TimeSpan.FromSeconds(10) },
    };

    private CatalogueFile Expected => new("file.gz", _file.Length, Convert.ToHexStringLower(SHA256.HashData(_file)), null);

    private string Destination => Path.Combine(_folder.Root, "sub", "file.gz");

    private void Download(params Server[] mirrors) => Downloader.Download([.. mirrors.Select(m => new Uri(m.Url, "file.gz"))], Destination, Expected, Options);

    private void AssertDownloaded()
    {
        Assert.Equal(_file, File.ReadAllBytes(Destination));
        Assert.False(File.Exists(Destination + ".part"));
    }

    private string AssertRefused(params Server[] mirrors)
    {
        string message = Assert.Throws<DatasetException>(() => Download(mirrors)).Message;
        Assert.StartsWith("file.gz can't be downloaded.", message, StringComparison.Ordinal);
        Assert.False(File.Exists(Destination));
        return message;
    }

    [Fact]
    public void Gets_a_file()
    {
        using var server = new Server((_, start) => Ranged(_file, start));
        Download(server);
        AssertDownloaded();
    }

    [Fact]
    public void Continues_where_the_connection_broke()
    {
        int calls = 0;
        using var server = new Server((_, start) => calls++ == 0 ? Answer("200 OK", _file.AsSpan(0, 1000), _file.Length) : Ranged(_file, start));
        Download(server);
        AssertDownloaded();
        Assert.Equal(["/file.gz", "/file.gz from 1000"], server.Requests);
    }

    [Fact]
    public void Continues_what_an_earlier_run_left()
    {
        _folder.Write("sub/file.gz.part", _file.AsSpan(0, 500));
        using var server = new Server((_, start) => Ranged(_file, start));
        Download(server);
        AssertDownloaded();
        Assert.Equal(["/file.gz from 500"], server.Requests);
    }

    [Fact]
    public void Starts_again_when_what_was_left_is_something_else()
    {
        _folder.Write("sub/file.gz.part", new byte[500]);
        using var server = new Server((_, start) => Ranged(_file, start));
        Download(server);
        AssertDownloaded();
        Assert.Equal(["/file.gz from 500", "/file.gz"], server.Requests);
    }

    [Fact]
    public void Starts_again_at_a_server_without_ranges()
    {
        _folder.Write("sub/file.gz.part", _file.AsSpan(0, 500));
        using var server = new Server((_, _) => Answer("200 OK", _file));
        Download(server);
        AssertDownloaded();
    }

    [Fact]
    public void Goes_to_the_next_mirror_when_the_file_is_not_there()
    {
        using var first = new Server((_, _) => Answer("404 Not Found", "no"u8));
        using var second = new Server((_, start) => Ranged(_file, start));
        Download(first, second);
        AssertDownloaded();
        Assert.Single(first.Requests);
    }

    [Fact]
    public void Tries_again_after_a_server_error()
    {
        int calls = 0;
        using var server = new Server((_, start) => calls++ < 2 ? Answer("503 Service Unavailable", []) : Ranged(_file, start));
        Download(server);
        AssertDownloaded();
        Assert.Contains(_progress, p => p.Contains("503", StringComparison.Ordinal));
    }

    [Fact]
    public void Never_uses_a_file_with_a_wrong_checksum()
    {
        var wrong = (byte[])_file.Clone();
        wrong[^1] ^= 1;
        using var server = new Server((_, start) => Ranged(wrong, start));
        Assert.Contains($"expected {Expected.Sha256}", AssertRefused(server), StringComparison.Ordinal);
        Assert.False(File.Exists(Destination + ".part"));
        using var good = new Server((_, start) => Ranged(_file, start));
        Download(server, good);
        AssertDownloaded();
    }

    [Fact]
    public void Stops_at_more_bytes_than_the_file_has()
    {
        using var server = new Server((_, _) => Answer("200 OK", new byte[_file.Length + 1]));
        Assert.Contains($"sends more than the {_file.Length} bytes", AssertRefused(server), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_file_of_unknown_length_is_not_sent_again_where_all_of_it_is_there(bool isWhole)
    {
        _folder.Write("sub/file.gz.part", isWhole ? _file : new byte[_file.Length]);
        using var server = new Server((_, start) => start is null ? Ranged(_file, start) : Answer("416 Range Not Satisfiable", []));
        Downloader.Download([new Uri(server.Url, "file.gz")], Destination, null, path => File.ReadAllBytes(path).AsSpan().SequenceEqual(_file) ? null : "it is another file", Options);
        AssertDownloaded();
        string[] requests = [$"/file.gz from {_file.Length}", "/file.gz"];
        Assert.Equal(isWhole ? requests[..1] : requests, server.Requests);
    }

    [Fact]
    public void Keeps_nothing_of_what_goes_on_for_more_bytes_than_the_file_has()
    {
        _folder.Write("sub/file.gz.part", _file.AsSpan(0, 500));
        using var server = new Server((_, start) => Ranged([.. _file, 0], start));
        Assert.Contains($"sends more than the {_file.Length} bytes", AssertRefused(server), StringComparison.Ordinal);
        Assert.Equal(["/file.gz from 500", "/file.gz"], server.Requests);
        Assert.Equal(0, new FileInfo(Destination + ".part").Length);
    }

    [Fact]
    public void Gives_up_on_a_mirror_that_says_nothing()
    {
        using var silent = new Server((_, _) => []);
        using var second = new Server((_, start) => Ranged(_file, start));
        Downloader.Download([silent.Url, new Uri(second.Url, "file.gz")], Destination, Expected, Options with { Download = Options.Download with { Attempts = 1, StallTimeout = TimeSpan.FromMilliseconds(300) } });
        AssertDownloaded();
    }

    [Fact]
    public void Names_what_every_mirror_said()
    {
        using var cut = new Server((_, _) => Answer("200 OK", _file.AsSpan(0, 10), _file.Length));
        using var missing = new Server((_, _) => Answer("410 Gone", []));
        string message = AssertRefused(cut, missing);
        Assert.Contains(cut.Url.ToString(), message, StringComparison.Ordinal);
        Assert.Contains("answers 410 Gone", message, StringComparison.Ordinal);
        // the start of the file stays for a later run
        Assert.True(File.Exists(Destination + ".part"));
    }

    private static DatasetCatalogue Catalogue(Uri? mirror, Uri? archive, params (string Name, byte[] Content)[] files)
    {
        string json = JsonSerializer.Serialize(new
        {
            sets = new[]
            {
                new { name = "tiny", description = "", terms = "", folder = "tiny", labels = "AB", firstLabel = 1, orientation = "transposed", train = (string[])["train-images", "train-labels"], trainCounts = 1,
                    test = (string[])["test-images", "test-labels"], mirrors = mirror is null ? Array.Empty<string>() : [mirror.ToString()] },
            },
            archives = archive is null ? Array.Empty<object>() : [new { name = "all.zip", folder = "tiny", urls = (string[])[archive + "all.zip"] }],
            files = files.Select(f => new { name = f.Name, size = f.Content.Length, sha256 = Convert.ToHexStringLower(SHA256.HashData(f.Content)) }),
        });
        using var document = JsonDocument.Parse(json);
        return new DatasetCatalogue(document.RootElement);
    }

    private static (string Name, byte[] Content)[] Files(byte[] pixels) =>
    [
        ("train-images.gz", Gzip(IdxImages(Transpose(pixels)))), ("train-labels.gz", Gzip(IdxLabels(1, 2))),
        ("test-images.gz", Gzip(IdxImages(Transpose(pixels)))), ("test-labels.gz", Gzip(IdxLabels(2, 1))),
    ];

    [Fact]
    public void A_set_that_is_missing_is_downloaded_unless_that_is_off()
    {
        byte[] pixels = Pixels(2);
        var files = Files(pixels);
        using var server = new Server((path, start) => files.FirstOrDefault(f => path == "/" + f.Name).Content is { } content ? Ranged(content, start) : Answer("404 Not Found", []));
        var options = Options with { Catalogue = Catalogue(server.Url, null, files) };
        Assert.Contains("downloads are off", Assert.Throws<DatasetException>(() => DatasetLoader.Load("tiny", options with { Offline = true })).Message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
        var set = DatasetLoader.Load("tiny", options with { NeedTrain = false });
        Assert.Equal([1, 0], set.Test!.Labels);
        Assert.Equal(pixels, set.Test.Images);
        Assert.Equal(["/test-labels.gz", "/test-images.gz"], server.Requests);
        Assert.Equal([0, 1], DatasetLoader.Load("tiny", options).Train!.Labels);
        Assert.Equal(4, server.Requests.Count);
        Assert.Equal(2, DatasetLoader.Load("tiny", options with { Offline = true }).Train!.Count);
    }

    [Fact]
    public void Training_goes_on_without_test_images_that_nobody_has()
    {
        var files = Files(Pixels(2));
        using var server = new Server((path, start) => files.FirstOrDefault(f => path == "/" + f.Name && path.StartsWith("/train", StringComparison.Ordinal)).Content is { } content ? Ranged(content, start) : Answer("404 Not Found", []));
        var set = DatasetLoader.Load("tiny", Options with { Catalogue = Catalogue(server.Url, null, files) });
        Assert.Equal(2, set.Train!.Count);
        Assert.Null(set.Test);
        Assert.Contains(_progress, p => p.StartsWith("Going on without the test images.", StringComparison.Ordinal));
    }

    [Fact]
    public void Members_of_a_downloaded_archive_are_checked()
    {
        byte[] pixels = Pixels(2);
        var files = Files(pixels);
        foreach (var (name, content) in files)
            _folder.Write($"gzip/{name}", content);
        byte[] good = File.ReadAllBytes(_folder.Zip("good.zip", [.. files.Select(f => $"gzip/{f.Name}")]));
        _folder.Write("gzip/train-labels.gz", Gzip(IdxLabels(2, 2)));
        byte[] bad = File.ReadAllBytes(_folder.Zip("bad.zip", [.. files.Select(f => $"gzip/{f.Name}")]));
        byte[] served = bad;
        using var server = new Server((_, start) => Ranged(served, start));
        var options = Options with { Catalogue = Catalogue(null, server.Url, files) };
        string message = Assert.Throws<DatasetException>(() => DatasetLoader.Load("tiny", options)).Message;
        Assert.Contains("train-labels.gz is not the official file", message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder.Root, "tiny", "all.zip")));
        served = good;
        var set = DatasetLoader.Load("tiny", options);
        Assert.Equal(pixels, set.Train!.Images);
        Assert.Equal([1, 0], set.Test!.Labels);
    }
}
