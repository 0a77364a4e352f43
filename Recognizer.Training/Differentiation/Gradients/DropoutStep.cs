namespace Recognizer.Training.Differentiation.Gradients;

/// <summary>Dropout in training mode: y = x / (1 − ratio) where the mask keeps x, else 0. The mask is a function of seed, node, image
/// and element, drawn again for the backward pass.</summary>
internal sealed unsafe class DropoutStep : Step
{
    private readonly StepContext _context;
    private readonly ulong _number;
    private readonly uint _threshold;
    private readonly float _scale;

    /// <param name="number">Number of the node, to tell its masks from others'.</param>
    /// <param name="ratio">Share of elements that become 0, from 0 to below 1.</param>
    public DropoutStep(Value input, Value output, int number, float ratio, StepContext context) : base(output, input)
    {
        _context = context;
        _number = (ulong)number;
        // An element is dropped where 32 random bits are below the threshold.
        _threshold = (uint)Math.Min(uint.MaxValue, Math.Round(ratio * 4294967296.0));
        _scale = 1 / (1 - ratio);
    }

    public override void Forward(in Chunk chunk)
    {
        Rows input = Inputs[0].Rows(Inputs[0].Data(chunk)), output = Output.Rows(Output.Data(chunk));
        Apply(chunk, input, output, add: false);
    }

    public override void Backward(in Chunk chunk)
    {
        Rows gradient = Output.Rows(Output.Gradient(chunk)), result = Inputs[0].Rows(Inputs[0].Gradient(chunk));
        Apply(chunk, gradient, result, Adds[0]);
    }

    private void Apply(in Chunk chunk, Rows from, Rows to, bool add)
    {
        for (int n = 0; n < chunk.Count; n++)
        {
            ulong key = CounterRandom.Key(_context.Seed, _number, (ulong)(chunk.Start + n));
            uint element = 0;
            for (int y = 0; y < from.Count; y++)
            {
                float* source = from[n, y];
                float* target = to[n, y];
                for (int i = 0; i < from.Length; i++, element++)
                {
                    float value = Mix(element, key) >= _threshold ? source[i] * _scale : 0;
                    target[i] = add ? target[i] + value : value;
                }
            }
        }
    }

    // Murmur3's finalizer between the two halves of the key: every bit of the counter and of the key reaches every bit of the result.
    private static uint Mix(uint element, ulong key)
    {
        uint x = element * 0x9E3779B9u + (uint)key;
        x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
        x = (x ^ (x >> 13) ^ (uint)(key >> 32)) * 0xC2B2AE35u;
        return x ^ (x >> 16);
    }
}
