using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.ML;
using Microsoft.ML.Runtime;

namespace Recognizer.MLNet;

/// <summary>What it takes to be part of ML.NET's model files. ML.NET keeps that to itself (its loadable-class attribute, the header of a component, schema shapes), so it is
/// reached by name, here and nowhere else.</summary>
internal static class LoadableComponent
{
    private const string Signature = "RecognizeHandwriting";
    private const uint Version = 0x00010001;

    private static readonly Assembly s_core = typeof(ComponentCatalog).Assembly;
    private static readonly ConditionalWeakTable<ComponentCatalog, object> s_registered = [];

    /// <summary>Enters the transformer's loader into a catalog, once.</summary>
    public static void Register(ComponentCatalog catalog)
    {
        lock (s_registered)
        {
            if (s_registered.TryGetValue(catalog, out _)) return;
            Type signature = TypeOf("Microsoft.ML.SignatureLoadModel");
            object attribute = Create(TypeOf("Microsoft.ML.LoadableClassAttribute"), typeof(ITransformer), typeof(LoadableComponent), null, signature, "", new[] { Signature });
            MethodInfo load = typeof(LoadableComponent).GetMethod(nameof(Load), BindingFlags.NonPublic | BindingFlags.Static)!;
            object info = Create(TypeOf("Microsoft.ML.Runtime.ComponentCatalog+LoadableClassInfo"), attribute, null, null, load, false);
            Call(catalog, "AddClass", info, new[] { Signature }, true);
            s_registered.Add(catalog, signature);
        }
    }

    /// <summary>Writes a component: its header, then what <paramref name="write"/> writes.</summary>
    public static void Save(ModelSaveContext context, Action<BinaryWriter> write)
    {
        ArgumentNullException.ThrowIfNull(context);
        Call(context, "CheckAtModel");
        Call(context, "SetVersionInfo", Create(TypeOf("Microsoft.ML.VersionInfo"),
            "HANDWRIT", Version, Version, Version, typeof(LoadableComponent).Assembly.FullName, Signature, null));
        write((BinaryWriter)Field(context, "Writer"));
    }

    /// <summary>What a schema looks like to estimators.</summary>
    public static SchemaShape Shape(DataViewSchema schema) =>
        (SchemaShape)Method(typeof(SchemaShape), "Create", BindingFlags.Static).Invoke(null, [schema])!;

    // Called by ML.NET with its ModelLoadContext.
    private static RecognizeHandwritingTransformer Load(object context) => RecognizeHandwritingTransformer.Load((BinaryReader)Field(context, "Reader"));

    private static Type TypeOf(string name) => s_core.GetType(name) ?? throw Missing(name);

    private static object Create(Type type, params object?[] arguments) =>
        Activator.CreateInstance(type, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, null, arguments, null)!;

    private static void Call(object target, string name, params object?[] arguments) => Method(target.GetType(), name, BindingFlags.Instance).Invoke(target, arguments);

    private static object Field(object target, string name) =>
        (target.GetType().GetField(name, BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic) ?? throw Missing(name)).GetValue(target)!;

    private static MethodInfo Method(Type type, string name, BindingFlags kind) =>
        type.GetMethod(name, kind | BindingFlags.Public | BindingFlags.NonPublic) ?? throw Missing(name);

    private static MissingMemberException Missing(string name) => new($"{s_core.GetName().Name} {s_core.GetName().Version} has no '{name}'; Recognizer.MLNet is made for Microsoft.ML 5.0.0.");
}
