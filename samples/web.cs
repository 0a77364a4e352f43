#:sdk Microsoft.NET.Sdk.Web
#:project ../Recognizer.Inference.DependencyInjection
#:property PublishAot=false

// A page to draw on or to give a picture, which it reads; and the API behind it.
//   dotnet run samples/web.cs -- --model model.onnx         then open http://127.0.0.1:5080
//   curl --data-binary @seven.png "http://127.0.0.1:5080/read?alphabet=digits&alphabet=upper"
// Replace model.onnx while it runs: soon its answers come from the new model.

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Recognizer.Inference;
using Recognizer.Inference.Imaging;

WebApplicationBuilder builder = WebApplication.CreateBuilder(args);
builder.WebHost.ConfigureKestrel(server => server.Limits.MaxRequestBodySize = 20 << 20);
string[] addresses = ["urls", "http_ports", "https_ports"]; // any of them may come from the environment
if (addresses.All(key => string.IsNullOrEmpty(builder.Configuration[key]))) builder.WebHost.UseUrls("http://127.0.0.1:5080");
builder.Services.AddCharacterRecognizer(options =>
{
    options.ModelPath = builder.Configuration["model"];
    options.Decoder = new DecoderOptions { MaxPixels = 24 << 20 }; // what phones take
});
WebApplication app = builder.Build();

app.MapGet("/", () => TypedResults.Content(Page, "text/html; charset=utf-8"));

app.MapGet("/labels", (CharacterRecognizer recognizer) => recognizer.Labels);

app.MapPost("/read", async Task<Results<Ok<Reading>, ProblemHttpResult>> (HttpRequest request, CharacterRecognizer recognizer, [FromQuery] string[]? alphabet, CancellationToken cancellation) =>
{
    try
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, cancellation);
        string[] labels = [.. (alphabet ?? []).Where(text => text.Length > 0).SelectMany(text => Alphabet.Parse(text).Labels)];
        Prediction prediction = recognizer.Recognize(body.GetBuffer().AsSpan(0, (int)body.Length), labels.Length == 0 ? null : Alphabet.Of(labels));
        return TypedResults.Ok(new Reading(prediction.Label, prediction.Confidence, prediction.IsLikelyCharacter, prediction.RejectionScore, prediction.Candidates));
    }
    catch (ImageFormatException exception)
    {
        return TypedResults.Problem(exception.Message, statusCode: StatusCodes.Status400BadRequest);
    }
    catch (ArgumentException)
    {
        return TypedResults.Problem("The model has none of the characters of this alphabet.", statusCode: StatusCodes.Status400BadRequest);
    }
    catch (BadHttpRequestException exception)
    {
        return TypedResults.Problem(exception.Message, statusCode: exception.StatusCode); // the body is too large, or ends too early
    }
});

app.Run();

internal sealed record Reading(string Label, float Confidence, bool IsLikelyCharacter, float RejectionScore, IReadOnlyList<Candidate> Candidates);

internal partial class Program
{
    private const string Page = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Recognizer</title>
        <link rel="icon" href="data:,">
        <style>
        :root { color-scheme: light dark; --ground: #f4f5f9; --card: #fff; --ink: #1b2145; --soft: #6b7192; --line: #dcdfec; --accent: #3d4fc4; }
        @media (prefers-color-scheme: dark) { :root { --ground: #12141f; --card: #1c1f2e; --ink: #eef0fb; --soft: #9aa0bf; --line: #31364d; --accent: #8793ff; } }
        * { box-sizing: border-box; }
        body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--ground); color: var(--ink); font: 16px/1.45 system-ui, sans-serif; padding: 20px; }
        main { width: 100%; max-width: 766px; display: grid; grid-template-columns: 1.3fr 1fr; gap: 28px; background: var(--card); border: 1px solid var(--line); border-radius: 20px; padding: 28px; box-shadow: 0 12px 40px #0001; }
        main > * { min-width: 0; }
        @media (max-width: 720px) { body { place-items: start center; } main { grid-template-columns: 1fr; max-width: 438px; } }
        h1 { grid-column: 1 / -1; margin: 0; font-size: 1.3rem; }
        h1 small { font-weight: 400; color: var(--soft); font-size: .95rem; margin-left: .5em; }
        .pad { position: relative; aspect-ratio: 1; }
        canvas, video { position: absolute; inset: 0; width: 100%; height: 100%; border-radius: 14px; border: 1px solid var(--line); background: #fff; object-fit: cover; }
        canvas { touch-action: none; cursor: crosshair; }
        video { display: none; }
        .camera video { display: block; }
        .camera canvas { display: none; }
        /* Paper is white whatever the theme. */
        .hint, .wait { position: absolute; inset: 0; display: grid; place-items: center; padding: 14px; text-align: center; text-wrap: balance; color: #6b7192; pointer-events: none; }
        .used .hint, .camera .hint { display: none; }
        .wait { inset: auto 0 0; visibility: hidden; }
        .busy .wait { visibility: visible; transition: visibility 0s .3s; }
        .buttons { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 14px; }
        button, select { font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 10px; padding: 7px 14px; cursor: pointer; }
        select { background: var(--card); }
        button:hover, select:hover { border-color: var(--accent); }
        button:focus-visible, select:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
        #label { font-size: 6.5rem; line-height: 1.1; font-weight: 600; min-height: 1.1em; text-align: center; }
        #note { text-align: center; color: var(--soft); min-height: 1.5em; overflow-wrap: anywhere; }
        .row { display: grid; grid-template-columns: 1.6em 1fr 4.2em; gap: 8px; align-items: center; margin-top: 8px; }
        .bar { height: 10px; border-radius: 5px; background: var(--line); overflow: hidden; }
        .bar i { display: block; height: 100%; background: var(--accent); border-radius: 5px; transition: width .15s; }
        .row span:last-child { text-align: right; white-space: nowrap; color: var(--soft); font-variant-numeric: tabular-nums; font-size: .9rem; }
        .doubt #label { opacity: .35; }
        </style>
        </head>
        <body>
        <main>
        <h1>Recognizer <small>write one character</small></h1>
        <section>
          <div class="pad" id="pad"><canvas width="560" height="560" id="canvas" aria-label="drawing area"></canvas><video id="video" autoplay playsinline muted></video><div class="hint">draw here, or drop, paste or choose a picture</div><div class="wait" role="status">Reading…</div></div>
          <div class="buttons">
            <button id="clear">Clear</button><button id="choose">Picture</button><input type="file" id="file" accept="image/*" hidden><button id="camera">Camera</button>
            <select id="alphabet" aria-label="alphabet"><option value="">all characters</option><option value="digits" data-of="[0-9]">digits</option><option value="upper" data-of="[A-Z]">A…Z</option><option value="lower" data-of="[a-z]">a…z</option><option value="letters" data-of="[A-Za-z]">letters</option></select>
          </div>
        </section>
        <section id="result" aria-live="polite"><div id="label"></div><div id="note"></div><div id="rows"></div></section>
        </main>
        <script>
        const $ = id => document.getElementById(id), canvas = $('canvas'), pad = $('pad'), context = canvas.getContext('2d');
        // turn: number of what the pad shows; what takes its time is dropped where that is something else by then. drawn: what was read off the pad. request: what is being read.
        let pen = null, stream = null, drawn = null, turn = 0, request = null;
        const blank = () => { context.fillStyle = '#fff'; context.fillRect(0, 0, canvas.width, canvas.height); };
        const encode = (of, type = 'image/png') => new Promise(done => of.toBlob(done, type, .9));
        blank();

        function clearPad() {
          stopCamera(); blank(); drawn = pen = null;
          pad.classList.remove('used'); say('');
        }
        function say(note) { $('result').className = ''; $('label').textContent = ''; $('note').textContent = note; $('rows').replaceChildren(); }
        function at(e) { const box = canvas.getBoundingClientRect(); return [(e.clientX - box.left) * canvas.width / box.width, (e.clientY - box.top) * canvas.height / box.height]; }
        canvas.addEventListener('pointerdown', e => {
          if (pen || e.button) return;               // one finger draws, and the main button
          canvas.setPointerCapture(e.pointerId); pad.classList.add('used'); pen = { id: e.pointerId, at: at(e) };
          Object.assign(context, { lineWidth: 34, lineCap: 'round', lineJoin: 'round', strokeStyle: '#161a33' });
          line(pen.at);
        });
        function line(to) { context.beginPath(); context.moveTo(...pen.at); context.lineTo(...to); context.stroke(); pen.at = to; }
        canvas.addEventListener('pointermove', e => { if (pen?.id === e.pointerId) for (const point of e.getCoalescedEvents?.() ?? [e]) line(at(point)); });
        const lift = async e => {
          if (pen?.id !== e.pointerId) return;
          pen = null;
          const mine = turn, blob = await encode(canvas);
          if (mine === turn) read(drawn = blob);
        };
        canvas.addEventListener('pointerup', lift);
        canvas.addEventListener('pointercancel', lift);

        function stopReading() { request?.abort(); request = null; pad.classList.remove('busy'); }
        async function read(blob) {
          stopReading();
          // The server says so too, but a browser that is still sending may not hear it.
          if (blob.size > 20 << 20) { say('The picture has more than 20 MiB.'); return; }
          const mine = request = new AbortController(), limit = setTimeout(() => mine.abort(), 30000), alphabet = $('alphabet').value;
          pad.classList.add('busy');
          try {
            const answer = await fetch('read' + (alphabet ? '?alphabet=' + alphabet : ''), { method: 'POST', body: blob, signal: mine.signal });
            // What stands between may answer with a page of its own
            const result = /json/.test(answer.headers.get('content-type')) ? await answer.json() : {};
            if (mine !== request) return;            // a later drawing was sent meanwhile
            if (result.candidates) show(result); else say(result.detail ?? `The server answers ${answer.status} ${answer.statusText}`);
          } catch { if (mine === request) say(mine.signal.aborted ? 'The server takes too long.' : 'The server does not answer.'); }
          finally { clearTimeout(limit); if (mine === request) stopReading(); }
        }
        function show(result) {
          $('label').textContent = result.label;
          $('note').textContent = result.isLikelyCharacter ? '' : 'This does not look like a character.';
          $('result').className = result.isLikelyCharacter ? '' : 'doubt';
          $('rows').replaceChildren(...result.candidates.map(c => {
            const row = document.createElement('div'), label = document.createElement('span'), bar = document.createElement('div'), fill = document.createElement('i'), share = document.createElement('span');
            row.className = 'row'; bar.className = 'bar'; label.textContent = c.label;
            fill.style.width = 100 * c.confidence + '%'; share.textContent = (100 * c.confidence).toFixed(1) + ' %';
            bar.append(fill); row.append(label, bar, share);
            return row;
          }));
        }

        function stopCamera() { turn++; stopReading(); stream?.getTracks().forEach(t => t.stop()); stream = $('video').srcObject = null; pad.classList.remove('camera'); $('camera').textContent = 'Camera'; }
        $('camera').onclick = async () => {
          if (stream) { stopCamera(); if (drawn) read(drawn); else say(''); return; }
          const mine = ++turn;
          let opened;
          try { opened = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment', width: 1280, height: 720 } }); }
          catch (e) { if (mine === turn) $('note').textContent = navigator.mediaDevices ? 'No camera: ' + e.message : 'Browsers open the camera only for pages that come over https or from the same machine.'; return; }
          if (mine !== turn) { opened.getTracks().forEach(t => t.stop()); return; }   // stopped, or asked for again, while the browser asked the user
          const video = $('video'), frame = document.createElement('canvas'); frame.width = frame.height = 480;
          video.srcObject = stream = opened; pad.classList.add('camera'); $('camera').textContent = 'Stop';
          while (mine === turn) {
            await new Promise(done => setTimeout(done, 300));
            const side = Math.min(video.videoWidth, video.videoHeight);
            if (!side) continue;
            frame.getContext('2d').drawImage(video, (video.videoWidth - side) / 2, (video.videoHeight - side) / 2, side, side, 0, 0, 480, 480);
            const blob = await encode(frame, 'image/jpeg');
            if (mine === turn) await read(blob);      // no more frames than are answered
          }
        };

        async function take(file) {
          if (!file) return;
          clearPad(); pad.classList.add('used');
          const mine = turn;
          let blob = file;
          try {
            // The browser knows more formats than the server, which needs no more than this of a photograph
            const picture = await createImageBitmap(file), copy = document.createElement('canvas'), longer = Math.max(picture.width, picture.height);
            if (mine !== turn) return;               // another one was given meanwhile, or the pad cleared
            const [width, height] = [picture.width, picture.height].map(side => side * canvas.width / longer);
            context.drawImage(picture, (canvas.width - width) / 2, (canvas.height - height) / 2, width, height);
            [copy.width, copy.height] = [picture.width, picture.height].map(side => Math.max(1, Math.round(side * Math.min(1, 2048 / longer))));
            copy.getContext('2d').drawImage(picture, 0, 0, copy.width, copy.height);
            blob = await encode(copy, file.type === 'image/jpeg' ? file.type : 'image/png') ?? file;
          } catch { /* a format that the browser doesn't show */ }
          if (mine === turn) read(drawn = blob);
        }
        $('choose').onclick = () => $('file').click();
        $('file').onchange = e => { take(e.target.files[0]); e.target.value = ''; };
        document.addEventListener('paste', e => take(e.clipboardData.files[0]));
        document.addEventListener('dragover', e => e.preventDefault());
        document.addEventListener('drop', e => { e.preventDefault(); take(e.dataTransfer.files[0]); });
        document.addEventListener('keydown', e => { if (e.key === 'Escape' || e.key === 'Delete') clearPad(); });
        $('clear').onclick = clearPad;
        $('alphabet').onchange = () => { if (drawn && !stream) read(drawn); };
        // Only what the model has is offered
        fetch('labels').then(answer => answer.json()).then(labels => {
          for (const option of document.querySelectorAll('[data-of]')) if (!labels.some(label => RegExp(`^${option.dataset.of}$`).test(label))) option.remove();
        }).catch(() => {});
        </script>
        </body>
        </html>
        """;
}
