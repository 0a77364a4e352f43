using System.Diagnostics;
using Google.Protobuf;
using Recognizer.Inference.Engine;
using Recognizer.Inference.Onnx;
using Recognizer.Inference.Onnx.Proto;
using Recognizer.Inference.Onnx.Shapes;

namespace Recognizer.Tests.Onnx;

/// <summary>Random damage to valid files: whatever comes out is read, or refused with an <see cref="OnnxException"/>, in bounded time and memory.</summary>
public class MutationTests
{
    private const int Seed = 20260101;
    private const long MostBytes = 64 << 20;
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(1);

    private static readonly byte[][] s_interesting =
    [
        [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], // −1 as a varint
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], // the lowest 64-bit integer
        [0xFF, 0xFF, 0xFF, 0xFF, 0x07], [0x80, 0x80, 0x80, 0x80, 0x08], // 2^31 − 1 and 2^31
        [0x00], [0x01], [0x7F], [0xFF], [0x0B], [0x0C],
    ];

    private static int Count => Environment.GetEnvironmentVariable("RECOGNIZER_LONG_TESTS") == "1" ? 1_000_000 : 10_000;

    private int _runs;

    [Fact]
    public void Damaged_bytes_are_read_or_refused()
    {
        byte[][] files = [.. SampleModels.All().Select(OnnxWriter.ToBytes)];
        var random = new Random(Seed);
        int refused = 0, count = Count / 2;
        for (int i = 0; i < count; i++)
        {
            byte[] bytes = files[random.Next(files.Length)];
            for (int edits = random.Next(1, 4); edits > 0; edits--) bytes = Damage(bytes, files, random);
            if (!Survives(bytes, i)) refused++;
        }
        Assert.True(_runs > count / 200, $"{_runs} runs");
        // A fuzzer that is always refused at the door, or never, tests nothing.
        Assert.InRange(refused, count / 4, count - (count / 50));
    }

    [Fact]
    public void Damaged_messages_are_read_or_refused()
    {
        ModelProto[] models = [.. SampleModels.All().Select(g => ModelProto.Parser.ParseFrom(OnnxWriter.ToBytes(g)))];
        var random = new Random(Seed);
        int refused = 0, count = Count / 2;
        for (int i = 0; i < count; i++)
        {
            ModelProto model = models[random.Next(models.Length)].Clone();
            for (int edits = random.Next(1, 4); edits > 0; edits--) Damage(model, random);
            if (!Survives(model.ToByteArray(), i)) refused++;
        }
        Assert.True(_runs > count / 200, $"{_runs} runs");
        Assert.InRange(refused, count / 4, count - (count / 50));
    }

    /// <summary>Reads, checks, infers, writes, and now and then compiles and runs; whether all of it went well.</summary>
    private bool Survives(byte[] bytes, int number)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        bool good = false;
        try
        {
            Graph graph = OnnxReader.Read(bytes);
            ShapeInference.Infer(graph);
            OnnxWriter.ToBytes(graph);
            if (number % 4 == 0)
            {
                using Plan plan = Plan.Compile(graph);
                if (SmallInputs(graph) is { } inputs)
                {
                    plan.Run(inputs);
                    _runs++;
                }
            }
            good = true;
        }
        catch (OnnxException exception)
        {
            Assert.NotEmpty(exception.Message);
        }
        catch (Exception exception)
        {
            Assert.Fail($"Mutation {number}: {exception.GetType()} instead of OnnxException for {Convert.ToBase64String(bytes)}: {exception}");
        }
        TimeSpan time = Stopwatch.GetElapsedTime(start);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(time < s_longest, $"Mutation {number}: {time} for {Convert.ToBase64String(bytes)}");
        Assert.True(allocated < MostBytes, $"Mutation {number}: {allocated} bytes for {Convert.ToBase64String(bytes)}");
        return good;
    }

    /// <summary>Inputs for a run, or null where a value of the graph would be large, or has a size that only a run would tell.</summary>
    private static Dictionary<string, Tensor>? SmallInputs(Graph graph)
    {
        const long largest = 100_000;
        if (graph.Inputs.Any(input => input.Shape is null || input.ElementType == ElementType.String)) return null;
        Dictionary<string, int[]> shapes = graph.Inputs.ToDictionary(input => input.Name, input => input.Shape!.Select(d => d.IsFixed ? d.Size : 2).ToArray());
        foreach (ValueInfo value in ShapeInference.Infer(graph, shapes).Values)
            if (value.Shape is null || value.Shape.Any(d => !d.IsFixed) || value.Shape.Aggregate(1.0, (product, d) => product * d.Size) > largest) return null;
        return graph.Inputs.ToDictionary(input => input.Name, input => Tensor.Zeros(input.ElementType, shapes[input.Name]));
    }

    private static byte[] Damage(byte[] bytes, byte[][] files, Random random)
    {
        if (bytes.Length == 0) return [(byte)random.Next(256)];
        int at = random.Next(bytes.Length), length = Math.Min(random.Next(1, 40), bytes.Length - at);
        switch (random.Next(8))
        {
            case 0:
                bytes = (byte[])bytes.Clone();
                bytes[at] ^= (byte)(1 << random.Next(8));
                return bytes;
            case 1:
                bytes = (byte[])bytes.Clone();
                bytes[at] = (byte)random.Next(256);
                return bytes;
            case 2: return [.. bytes[..at], .. bytes[(at + length)..]];
            case 3: return [.. bytes[..(at + length)], .. bytes[at..]];
            case 4: return bytes[..at];
            case 5: return [.. bytes[..at], .. s_interesting[random.Next(s_interesting.Length)], .. bytes[at..]];
            case 6: return [.. bytes[..at], .. s_interesting[random.Next(s_interesting.Length)], .. bytes[(at + length)..]];
            default:
                byte[] other = files[random.Next(files.Length)];
                int from = random.Next(other.Length);
                return [.. bytes[..at], .. other[from..Math.Min(other.Length, from + (length * 8))], .. bytes[at..]];
        }
    }

    private static void Damage(ModelProto model, Random random)
    {
        GraphProto graph = model.Graph;
        NodeProto node = Pick(graph.Node);
        AttributeProto? attribute = node.Attribute.Count > 0 ? Pick(node.Attribute) : null;
        TensorProto? tensor = graph.Initializer.Count > 0 ? Pick(graph.Initializer) : null;
        switch (random.Next(16))
        {
            case 0: node.OpType = random.Next(4) > 0 ? Pick([.. ShapeRuleNames]) : Name(); break;
            case 1: node.Input.Add(random.Next(3) == 0 ? "" : Name()); break;
            case 2 when node.Input.Count > 0: node.Input[random.Next(node.Input.Count)] = Name(); break;
            case 3 when node.Input.Count > 0: node.Input.RemoveAt(random.Next(node.Input.Count)); break;
            case 4: node.Output.Add(random.Next(2) == 0 ? Name() : $"extra{random.Next(100)}"); break;
            case 5: node.Attribute.Add(new AttributeProto { Name = Pick(AttributeNames), Type = AttributeProto.Types.AttributeType.Ints, Ints = { Enumerable.Range(0, random.Next(9)).Select(_ => Number()) } }); break;
            case 6: node.Attribute.Add(new AttributeProto { Name = Pick(AttributeNames), Type = AttributeProto.Types.AttributeType.Int, I = Number() }); break;
            case 7 when attribute is not null: node.Attribute.Remove(attribute); break;
            case 8 when attribute is not null:
                for (int i = 0; i < attribute.Ints.Count; i++) if (random.Next(2) == 0) attribute.Ints[i] = Number();
                if (attribute.HasI) attribute.I = Number();
                break;
            case 9 when tensor is not null && tensor.Dims.Count > 0: tensor.Dims[random.Next(tensor.Dims.Count)] = Number(); break;
            case 10 when tensor is not null: (tensor.DataType, tensor.RawData) = (random.Next(-1, 18), ByteString.CopyFrom(new byte[random.Next(64)])); break;
            // Another value for an integer tensor, which rules may follow.
            case 11 when tensor is not null && tensor.DataType == (int)ElementType.Int64:
                tensor.RawData = ByteString.CopyFrom([.. Enumerable.Range(0, tensor.RawData.Length / 8).SelectMany(_ => BitConverter.GetBytes(Number()))]);
                break;
            case 12:
                var shape = new TensorShapeProto();
                for (int i = random.Next(6); i > 0; i--)
                    shape.Dim.Add(random.Next(3) == 0 ? new TensorShapeProto.Types.Dimension { DimParam = "N" } : new TensorShapeProto.Types.Dimension { DimValue = Number() });
                Pick(random.Next(2) == 0 ? graph.Input : graph.Output).Type.TensorType.Shape = random.Next(8) == 0 ? null : shape;
                break;
            case 13: Pick(random.Next(2) == 0 ? graph.Input : graph.Output).Type.TensorType.ElemType = random.Next(-1, 18); break;
            case 14: model.OpsetImport[0].Version = random.Next(-1, 27); break;
            case 15:
                int a = random.Next(graph.Node.Count), b = random.Next(graph.Node.Count);
                (graph.Node[a], graph.Node[b]) = (graph.Node[b], graph.Node[a]);
                break;
        }

        T Pick<T>(IList<T> list) => list[random.Next(list.Count)];

        string Name()
        {
            string[] names = [.. graph.Initializer.Select(t => t.Name), .. graph.Input.Select(i => i.Name), .. graph.Node.SelectMany(n => n.Output), "nowhere", ""];
            return Pick(names);
        }

        long Number() => random.Next(8) switch
        {
            0 => long.MinValue,
            1 => long.MaxValue,
            2 => int.MaxValue + (long)random.Next(-1, 2),
            3 => -random.Next(5),
            4 => 1L << random.Next(63),
            _ => random.Next(9),
        };
    }

    private static readonly string[] AttributeNames =
    [
        "axis", "axes", "perm", "pads", "strides", "dilations", "group", "kernel_shape", "auto_pad", "ceil_mode", "to", "keepdims", "transA", "blocksize", "hidden_size", "starts", "ends",
        "split", "num_outputs", "start", "end", "size", "layout", "output_shape", "output_padding", "allowzero", "broadcast", "spatial", "value_ints", "training_mode",
    ];

    private static IReadOnlyCollection<string> ShapeRuleNames => ShapeRules.All.Operators;
}
