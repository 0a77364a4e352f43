using static TorchSharp.torch;

namespace Recognizer.TorchSharp;

/// <summary>Exports kinds of modules that <see cref="ModuleExport"/> doesn't know.</summary>
public interface IModuleExporter
{
    /// <summary>Adds the nodes of a module to the graph.</summary>
    /// <param name="module">The module.</param>
    /// <param name="graph">The graph; its <see cref="ModuleGraph.Value"/> is what the module reads, and after that what it gives.</param>
    /// <returns>False where this exporter doesn't know the module.</returns>
    bool TryExport(nn.Module module, ModuleGraph graph);
}
