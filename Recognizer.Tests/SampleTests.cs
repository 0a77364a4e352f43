using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Recognizer.Inference.Imaging;
using Recognizer.Inference.Onnx;
using Recognizer.Tests.Imaging.Pages;

namespace Recognizer.Tests;

/// <summary>Compiles and runs the sample programs.</summary>
public sealed class SampleTests : IDisposable
{
    private static readonly string s_samples = Path.Combine(RepositoryFolder.Root, "samples");
    private readonly TemporaryFolder _folder = new();

    public SampleTests()
    {
        _folder.Write("model.onnx", ModelReplacementTests.Model(1));
        foreach (string name in new[] { "a.png", "b.png" }) _folder.Write($"images/{name}", Picture());
        _folder.Write("images/c.png", "no picture");
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Console_sample_reads_files()
    {
        var (code, output, errors) = Run("console.cs", _folder.File("model.onnx"), _folder.File("images/a.png"));
        Assert.True(code == 0, output + errors);
        Assert.Matches(@"a\.png: \d \d+\.\d ?%.*\[(\d \d+\.\d ?%(, )?){4}\]", output);
    }

    [Fact]
    public void Folder_sample_writes_csv()
    {
        var (code, output, errors) = Run("folder.cs", _folder.File("model.onnx"), _folder.File("images"));
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length == 3, output + errors);
        Assert.Equal("file,label,confidence,character", lines[0]);
        Assert.Matches("^\"a\\.png\",\"\\d\",\\d\\.\\d{4},(yes|no)$", lines[1]);
        Assert.Contains("c.png", errors, StringComparison.Ordinal);
        Assert.Contains("2 of 3 files read", errors, StringComparison.Ordinal);
        Assert.Equal(1, code);
    }

    [Fact]
    public void Form_sample_writes_a_row_per_scan_with_the_fields_that_need_review()
    {
        OnnxWriter.WriteFile(TemplateModel.Build(), _folder.File("digits.onnx"));
        _folder.Write("one.png", PngEncoder.Encode(DrawnPage.Paint(["20348", "917"], gap: 10)));
        _folder.Write("two.png", PngEncoder.Encode(DrawnPage.Paint(["66150", "482"], gap: 10)));
        // The last field is where nothing is written; the last but one can't hold what is written
        _folder.Write("form.json", """
            {
              "confidence": 0.3,
              "fields": [
                { "name": "number", "box": [0.05, 0.12, 0.95, 0.34], "format": "ddddd" },
                { "name": "rest, \"odd\" part", "box": [0.05, 0.46, 0.95, 0.34], "alphabet": "digits" },
                { "name": "wrong", "box": [0.05, 0.12, 0.95, 0.34], "format": "dd" },
                { "name": "none", "box": [0, 0.85, 1, 0.15], "format": "ddd" },
                { "name": "open", "box": [0, 0.85, 1, 0.15], "alphabet": "0123" }
              ]
            }
            """);
        var (code, output, errors) = Run("form.cs", [_folder.File("form.json"), _folder.File("digits.onnx"), _folder.File("one.png"), _folder.File("images/c.png"), _folder.File("two.png")]);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length == 3, output + errors);
        Assert.StartsWith("""file,review,"number","number confidence","rest, ""odd"" part","rest, ""odd"" part confidence","wrong",""" + "\"", lines[0], StringComparison.Ordinal);
        Assert.Matches("""^"one.png","(wrong; )?none","20348",[01]\.\d{4},"917",[01]\.\d{4},"\d{0,2}",\d\.\d{4},"",0\.0000,"",1\.0000""", lines[1]);
        Assert.Matches("""^"two.png","(wrong; )?none","66150",[01]\.\d{4},"482",[01]\.\d{4},""", lines[2]);
        Assert.Contains("c.png", errors, StringComparison.Ordinal);
        Assert.Equal(1, code);

        // The shipped model knows letters too: a 0 may be an O
        _folder.Write("sure.json", """{ "fields": [ { "name": "number", "box": [0.05, 0.12, 0.95, 0.34], "format": "ddddd" } ] }""");
        (code, output, errors) = Run("form.cs", _folder.File("sure.json"), _folder.File("one.png"));
        Assert.True(output.Contains("\"one.png\",\"\",\"20348\"", StringComparison.Ordinal), output + errors);

        foreach ((string field, string error) in new[] { ("\"box\": [0.5, 0, 0.6, 1], \"format\": \"d\"", "the box of a"), ("\"box\": [0, 0, 1, 1]", "a needs either"), ("\"box\": [0, 0, 1, 1], \"format\": \"(\"", "expected"), ("\"box\": [0, 0, 1, 1], \"formt\": \"d\"", "formt") })
        {
            _folder.Write("bad.json", $"{{ \"fields\": [ {{ \"name\": \"a\", {field} }} ] }}");
            (code, output, errors) = Run("form.cs", _folder.File("bad.json"), _folder.File("digits.onnx"), _folder.File("one.png"));
            Assert.Equal((2, ""), (code, output));
            Assert.Contains(error, errors, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Web_sample_serves_its_page_and_reads_what_is_posted()
    {
        using Process process = Start("web.cs", "--model", _folder.File("model.onnx"), "--urls", "http://127.0.0.1:0");
        try
        {
            using var client = new HttpClient { BaseAddress = new Uri(await Address(process)) };
            string page = await client.GetStringAsync("/");
            foreach (string part in new[] { "<canvas", "type=\"file\"", "'paste'", "'drop'" }) Assert.Contains(part, page, StringComparison.Ordinal);
            // A proxy may serve it under a path
            Assert.DoesNotMatch("""(fetch\(|src=|href=)['"`]/""", page);
            using HttpResponseMessage answer = await client.PostAsync("/read?alphabet=13579", new ByteArrayContent(Picture()));
            var result = await answer.Content.ReadFromJsonAsync<JsonElement>();
            Assert.Contains(result.GetProperty("label").GetString()!, "13579", StringComparison.Ordinal);
            Assert.Equal(5, result.GetProperty("candidates").GetArrayLength());
            using HttpResponseMessage union = await client.PostAsync("/read?alphabet=digits&alphabet=13&alphabet=", new ByteArrayContent(Picture()));
            Assert.Equal(5, (await union.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("candidates").GetArrayLength());
            using HttpResponseMessage none = await client.PostAsync("/read?alphabet=upper", new ByteArrayContent(Picture()));
            Assert.Equal(System.Net.HttpStatusCode.BadRequest, none.StatusCode);
            Assert.EndsWith(".", (await none.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString(), StringComparison.Ordinal);
            using HttpResponseMessage refusal = await client.PostAsync("/read", new ByteArrayContent([1, 2, 3]));
            Assert.Equal(System.Net.HttpStatusCode.BadRequest, refusal.StatusCode);
            Assert.Contains("PNG", (await refusal.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString(), StringComparison.Ordinal);
            // Who sends before being asked to may find the connection closed rather than an answer
            using var large = new HttpRequestMessage(HttpMethod.Post, "/read") { Content = new ByteArrayContent(new byte[21 << 20]), Headers = { ExpectContinue = true } };
            using HttpResponseMessage tooLarge = await client.SendAsync(large);
            Assert.Equal(System.Net.HttpStatusCode.RequestEntityTooLarge, tooLarge.StatusCode);
            Assert.Contains("too large", (await tooLarge.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task Web_sample_listens_where_the_environment_tells()
    {
        using Process process = Start("web.cs", ["--model", _folder.File("model.onnx")], ("ASPNETCORE_HTTP_PORTS", "0"));
        try
        {
            // As in a container, whose ports are reached from outside
            Assert.DoesNotContain("127.0.0.1", await Address(process), StringComparison.Ordinal);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Where a server listens, once it does.</summary>
    private static async Task<string> Address(Process process)
    {
        var log = new StringBuilder();
        var listening = new TaskCompletionSource<string>();
        void Hear(object sender, DataReceivedEventArgs e)
        {
            lock (log) log.AppendLine(e.Data);
            if (Regex.Match(e.Data ?? "", @"Now listening on: (http://\S+)") is { Success: true } match) listening.TrySetResult(match.Groups[1].Value);
        }
        process.OutputDataReceived += Hear;
        process.ErrorDataReceived += Hear;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _ = process.WaitForExitAsync().ContinueWith(_ => listening.TrySetException(new InvalidOperationException("The server ended: " + log)), TaskScheduler.Default);
        return await listening.Task.WaitAsync(TimeSpan.FromMinutes(3));
    }

    private static byte[] Picture()
    {
        var pixels = new byte[60 * 60];
        Array.Fill(pixels, (byte)230);
        for (int y = 10; y < 50; y++) for (int x = 27; x < 33; x++) pixels[y * 60 + x] = 20;
        return PngEncoder.Encode(60, 60, 1, pixels);
    }

    private static (int Code, string Output, string Errors) Run(string sample, params string[] arguments)
    {
        using Process process = Start(sample, arguments);
        Task<string> output = process.StandardOutput.ReadToEndAsync(), errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(TimeSpan.FromMinutes(3)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{sample} did not end.");
        }
        return (process.ExitCode, output.Result, errors.Result);
    }

    private static Process Start(string sample, params string[] arguments) => Start(sample, arguments, []);

    private static Process Start(string sample, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = s_samples, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (string argument in (string[])["run", "-c", "Release", sample, "--", .. arguments]) start.ArgumentList.Add(argument);
        // What the test host sets for itself
        foreach (string name in start.Environment.Keys.Where(k => k.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase) || k.StartsWith("VSTEST", StringComparison.OrdinalIgnoreCase)).ToArray())
            start.Environment.Remove(name);
        start.Environment["DOTNET_NOLOGO"] = "1";
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }
}
