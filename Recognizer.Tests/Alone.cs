namespace Recognizer.Tests;

/// <summary>Tests that measure memory of the whole process, or load all cores: nothing runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "Alone";
}
