namespace Recognizer.Inference.Onnx;

/// <summary>Tensors in files of their own, as ONNX keeps the inputs and outputs that belong to a model: <c>test_data_set_0/input_0.pb</c>.</summary>
public static class TensorFile
{
    /// <summary>Reads a tensor.</summary>
    /// <param name="path">The file.</param>
    /// <returns>Its name, which may be empty, and the tensor.</returns>
    /// <exception cref="OnnxException">The file is missing or holds no valid tensor.</exception>
    public static (string Name, Tensor Value) Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            Tensor value = OnnxReader.ReadTensor(stream, path, out string name);
            return (name, value);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new OnnxException($"{path}: can't be read: {exception.Message}", exception);
        }
    }

    /// <summary>Writes a tensor; the file appears complete or not at all.</summary>
    /// <exception cref="OnnxException">The file can't be written.</exception>
    public static void Write(string path, string name, Tensor value)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(value);
        OnnxWriter.WriteAtomically(OnnxWriter.TensorMessage(name, value), path);
    }

    /// <summary>Writes one sample beside a model, in the layout of ONNX's own test cases: a folder <c>test_data_set_{number}</c> with <c>input_{i}.pb</c> and
    /// <c>output_{i}.pb</c> in the order of the graph's inputs and outputs.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="number">Number of the sample, from 0.</param>
    /// <param name="graph">The model.</param>
    /// <param name="values">The tensors of all its inputs and outputs, by name.</param>
    /// <exception cref="OnnxException">A tensor is missing or of the wrong type, or a file can't be written.</exception>
    public static void WriteSample(string folder, int number, Graph graph, IReadOnlyDictionary<string, Tensor> values)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentNullException.ThrowIfNull(graph);
        ArgumentNullException.ThrowIfNull(values);
        string set = Path.Combine(folder, $"test_data_set_{number}");
        foreach (ValueInfo info in graph.Inputs.Concat(graph.Outputs))
        {
            if (!values.TryGetValue(info.Name, out Tensor? value)) throw new OnnxException($"The sample has no tensor for '{info.Name}', expected {info}.");
            if (value.ElementType != info.ElementType) throw new OnnxException($"The sample's tensor for '{info.Name}' holds {value.ElementType}, expected {info}.");
        }
        try
        {
            Directory.CreateDirectory(set);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new OnnxException($"{set}: can't be made: {exception.Message}", exception);
        }
        for (int i = 0; i < graph.Inputs.Count; i++) Write(Path.Combine(set, $"input_{i}.pb"), graph.Inputs[i].Name, values[graph.Inputs[i].Name]);
        for (int i = 0; i < graph.Outputs.Count; i++) Write(Path.Combine(set, $"output_{i}.pb"), graph.Outputs[i].Name, values[graph.Outputs[i].Name]);
    }
}
