using System.Reflection;
using System.Text;

namespace Recognizer.Tests;

/// <summary>Lists what an assembly offers to its users, one line per type and member, sorted.</summary>
internal static class PublicApi
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
    private static readonly NullabilityInfoContext s_nullability = new();

    public static string List(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (Type type in assembly.GetExportedTypes().OrderBy(t => t.FullName, StringComparer.Ordinal))
        {
            text.Append(TypeLine(type)).Append('\n');
            foreach (string member in Members(type).Order(StringComparer.Ordinal)) text.Append("    ").Append(member).Append('\n');
        }
        return text.ToString();
    }

    private static string TypeLine(Type type)
    {
        string kind = type.IsEnum ? "enum" : type.IsInterface ? "interface" : type.IsValueType ? "struct" : typeof(Delegate).IsAssignableFrom(type) ? "delegate"
            : type is { IsAbstract: true, IsSealed: true } ? "static class" : type.IsAbstract ? "abstract class" : type.IsSealed ? "sealed class" : "class";
        var bases = new List<string>();
        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) && parent != typeof(Enum)) bases.Add(Name(parent));
        if (!type.IsEnum) bases.AddRange(type.GetInterfaces().Where(i => i.IsPublic || i.IsNestedPublic).Select(Name).Order(StringComparer.Ordinal));
        return $"{kind} {type.Namespace}.{Name(type)}" + (bases.Count == 0 ? "" : " : " + string.Join(", ", bases));
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            foreach (string name in Enum.GetNames(type)) yield return $"{name} = {Convert.ToInt64(Enum.Parse(type, name))}";
            yield break;
        }
        foreach (ConstructorInfo constructor in type.GetConstructors(Declared).Where(Visible))
            yield return $"new({Parameters(constructor)})";
        foreach (FieldInfo field in type.GetFields(Declared).Where(f => f.IsPublic || f.IsFamily || f.IsFamilyOrAssembly))
        {
            string constant = field.IsLiteral ? $"const {Name(field.FieldType)} {field.Name} = {field.GetRawConstantValue()}"
                : $"{(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}{Name(field.FieldType, s_nullability.Create(field))} {field.Name}";
            yield return constant;
        }
        foreach (PropertyInfo property in type.GetProperties(Declared))
        {
            MethodInfo? get = property.GetMethod is { } g && Visible(g) ? g : null, set = property.SetMethod is { } s && Visible(s) ? s : null;
            if (get is null && set is null) continue;
            bool init = set is not null && set.ReturnParameter.GetRequiredCustomModifiers().Length > 0;
            string name = property.GetIndexParameters().Length > 0 ? $"this[{string.Join(", ", property.GetIndexParameters().Select(Parameter))}]" : property.Name;
            yield return $"{Modifiers((get ?? set)!)}{Name(property.PropertyType, s_nullability.Create(property))} {name} {{ {(get is null ? "" : "get; ")}{(set is null ? "" : init ? "init; " : "set; ")}}}";
        }
        foreach (EventInfo e in type.GetEvents(Declared).Where(e => Visible(e.AddMethod!))) yield return $"event {Name(e.EventHandlerType!)} {e.Name}";
        foreach (MethodInfo method in type.GetMethods(Declared).Where(m => Visible(m) && (!m.IsSpecialName || m.Name.StartsWith("op_", StringComparison.Ordinal)) && !m.Name.Contains('<', StringComparison.Ordinal)))
        {
            string generic = method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(a => a.Name))}>" : "";
            yield return $"{Modifiers(method)}{Name(method.ReturnType, s_nullability.Create(method.ReturnParameter))} {method.Name}{generic}({Parameters(method)})";
        }
    }

    private static bool Visible(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static string Modifiers(MethodInfo method)
    {
        if (method.IsStatic) return "static ";
        if (method.DeclaringType!.IsInterface) return "";
        return method.IsAbstract ? "abstract " : !method.IsVirtual || method.IsFinal ? "" : method.GetBaseDefinition() != method ? "override " : "virtual ";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        string by = parameter.IsOut ? "out " : parameter.ParameterType.IsByRef ? parameter.IsIn ? "in " : "ref " : "";
        string value = parameter.RawDefaultValue switch { null => "null", string text => $"\"{text}\"", bool flag => flag ? "true" : "false", var other => Convert.ToString(other, System.Globalization.CultureInfo.InvariantCulture)! };
        return by + Name(parameter.ParameterType, s_nullability.Create(parameter)) + " " + parameter.Name + (parameter.HasDefaultValue ? " = " + (parameter.ParameterType.IsValueType && value == "null" ? "default" : value) : "");
    }

    private static string Name(Type type) => Name(type, null);

    private static string Name(Type type, NullabilityInfo? nullability)
    {
        if (type.IsByRef) return Name(type.GetElementType()!, nullability);
        if (Nullable.GetUnderlyingType(type) is { } underlying) return Name(underlying) + "?";
        string optional = !type.IsValueType && nullability?.ReadState == NullabilityState.Nullable ? "?" : "";
        if (type.IsArray) return Name(type.GetElementType()!, nullability?.ElementType) + "[" + new string(',', type.GetArrayRank() - 1) + "]" + optional;
        if (type.IsPointer) return Name(type.GetElementType()!) + "*";
        string name = Type.GetTypeCode(type) switch
        {
            _ when type.IsEnum || type.IsGenericParameter => type.Name,
            TypeCode.Boolean => "bool",
            TypeCode.Byte => "byte",
            TypeCode.Int16 => "short",
            TypeCode.Int32 => "int",
            TypeCode.Int64 => "long",
            TypeCode.Single => "float",
            TypeCode.Double => "double",
            TypeCode.String => "string",
            _ => type == typeof(void) ? "void" : type == typeof(object) ? "object" : type.Name,
        };
        if (type.IsNested && !type.IsGenericParameter) name = Name(type.DeclaringType!) + "." + name;
        if (!type.IsGenericType) return name + optional;
        Type[] arguments = type.GetGenericArguments();
        NullabilityInfo[] states = nullability?.GenericTypeArguments ?? [];
        return name.Split('`')[0] + "<" + string.Join(", ", arguments.Select((a, i) => Name(a, i < states.Length ? states[i] : null))) + ">" + optional;
    }
}
