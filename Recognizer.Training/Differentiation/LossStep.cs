namespace Recognizer.Training.Differentiation;

/// <summary>Evaluates the loss of each image and starts the backward pass with the gradient of the mean loss.</summary>
internal sealed unsafe class LossStep(Value logits, StepContext context)
{
    private readonly double[] _losses = new double[context.BatchSize];
    private readonly bool[] _correct = new bool[context.BatchSize];

    /// <summary>[classes].</summary>
    public Value Logits { get; } = logits;

    public void Run(in Chunk chunk)
    {
        int classes = Logits.Length;
        float* data = Logits.Data(chunk);
        float* gradient = Logits.NeedsGradient ? Logits.Gradient(chunk) : chunk.Scratch;
        float scale = 1f / context.Count;
        for (int i = 0; i < chunk.Count; i++)
        {
            var row = new Span<float>(gradient + (long)i * classes, classes);
            int image = chunk.Start + i;
            _losses[image] = context.Loss!.Evaluate(image, new ReadOnlySpan<float>(data + (long)i * classes, classes), row, out _correct[image]);
            for (int k = 0; k < row.Length; k++) row[k] *= scale;
        }
    }

    /// <summary>Mean loss and number of correct images of the batch just run.</summary>
    public StepResult Result(int count)
    {
        double loss = 0;
        int correct = 0;
        for (int i = 0; i < count; i++)
        {
            loss += _losses[i];
            if (_correct[i]) correct++;
        }
        return new StepResult(loss / count, correct);
    }
}
