using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;

namespace Recognizer.Benchmarks.Peers;

/// <summary>Inference against ONNX Runtime: the same model file, the same threads, the same images.</summary>
internal sealed unsafe class InferencePeers(OnnxRuntimeLibrary library, double seconds, double peak)
{
    private const int Pixels = 784, TrialRounds = 5;
    private static readonly int[] Batches = [4, 8, 16, 32, 64, 128, 256];

    /// <summary>Rows of one network: the peer's best batch on one and two threads, and one image on one thread.</summary>
    public IEnumerable<PeerRow> Rows(string name, string precision, Graph graph)
    {
        byte[] file = OnnxWriter.ToBytes(graph);
        long multiplyAdds = MultiplyAdds(graph);
        foreach (int threads in new[] { 1, 2 })
        {
            yield return Row(threads, PeersBest(threads));
        }
        yield return Row(1, 1);

        // All sizes in turns, so that a moment in which the machine is slower or faster doesn't choose one.
        int PeersBest(int threads)
        {
            Pair[] trials = [.. Batches.Select(batch => new Pair(library, graph, file, threads, batch))];
            try
            {
                double[][] speeds = [.. trials.Select(_ => new double[TrialRounds])];
                for (int round = 0; round < TrialRounds; round++)
                    for (int i = 0; i < trials.Length; i++) speeds[i][round] = Batches[i] / AlternatingTimer.Median(trials[i].Peer, seconds / 36);
                return Batches[Enumerable.Range(0, trials.Length).MaxBy(i => AlternatingTimer.Quantile([.. speeds[i].Order()], 0.5))];
            }
            finally
            {
                foreach (Pair trial in trials) trial.Dispose();
            }
        }

        PeerRow Row(int threads, int batch)
        {
            using var pair = new Pair(library, graph, file, threads, batch);
            pair.CheckAgreement(name, precision == "fp32" ? 1e-3 : 0.1);
            AlternatingTimer.Result result = AlternatingTimer.Compare(pair.Ours, pair.Peer, seconds);
            return new PeerRow("inference", name, precision, threads, batch, batch / result.Ours, batch / result.Peer, $"ONNX Runtime {library.Version}", result.Ratio,
                result.Spread, 2.0 * multiplyAdds * batch / result.Ours / (peak * threads));
        }
    }

    /// <summary>Multiply-adds of convolutions and dense layers per image, counted as their definition has them.</summary>
    internal static long MultiplyAdds(Graph graph)
    {
        IReadOnlyDictionary<string, ValueInfo> shapes = ShapeInference.Infer(graph, new Dictionary<string, int[]> { ["input"] = [1, 1, 28, 28] });
        long total = 0;
        foreach (Node node in graph.Nodes)
        {
            if (node.OperatorType is not ("Conv" or "Gemm")) continue;
            IReadOnlyList<Dimension> weights = shapes[node.Inputs[1]].Shape!, output = shapes[node.Outputs[0]].Shape!;
            long each = node.OperatorType == "Conv" ? weights.Skip(1).Aggregate(1L, (product, d) => product * d.Size) : weights.Aggregate(1L, (product, d) => product * d.Size) / output[1].Size;
            total += output.Aggregate(1L, (product, d) => product * d.Size) * each;
        }
        return total;
    }

    /// <summary>Both sides ready to run one batch.</summary>
    private sealed class Pair : IDisposable
    {
        private const string Output = "probabilities";
        private readonly OnnxRuntimeLibrary _library;
        private readonly Plan _plan;
        private readonly nint _session;
        private readonly nint _inputTensor;
        private readonly nint _outputTensor;
        private readonly byte[] _inputName;
        private readonly byte[] _outputName;
        private readonly float[] _images;
        private readonly float[] _ours;
        private readonly float[] _peer;
        private readonly int _batch;

        public Pair(OnnxRuntimeLibrary library, Graph graph, byte[] file, int threads, int batch)
        {
            int classes = PeerNetworks.Labels.Length;
            _library = library;
            _batch = batch;
            _images = GC.AllocateArray<float>(batch * Pixels, pinned: true);
            _ours = GC.AllocateArray<float>(batch * classes, pinned: true);
            _peer = GC.AllocateArray<float>(batch * classes, pinned: true);
            PeerNetworks.FillWithStrokes(_images);
            _plan = Plan.Compile(graph, new PlanOptions { Threads = threads, Outputs = [Output] });
            _session = library.CreateSession(file, threads);
            fixed (float* images = _images, peer = _peer)
            {
                _inputTensor = library.CreateTensor(images, [batch, 1, 28, 28]);
                _outputTensor = library.CreateTensor(peer, [batch, classes]);
            }
            (_inputName, _outputName) = (OnnxRuntimeLibrary.Text(graph.Inputs[0].Name), OnnxRuntimeLibrary.Text(Output));
        }

        public void Ours() => _plan.Run(_images, _batch, _ours);

        public void Peer() => _library.Run(_session, _inputName, _inputTensor, _outputName, _outputTensor);

        public void CheckAgreement(string name, double tolerance)
        {
            Ours();
            Peer();
            double error = 0;
            for (int i = 0; i < _ours.Length; i++) error = Math.Max(error, Math.Abs(_ours[i] - _peer[i]));
            if (!(error <= tolerance)) throw new InvalidOperationException($"{name}: probabilities differ by {error:g3}.");
        }

        public void Dispose()
        {
            _plan.Dispose();
            _library.FreeTensor(_inputTensor);
            _library.FreeTensor(_outputTensor);
            _library.FreeSession(_session);
        }
    }
}
