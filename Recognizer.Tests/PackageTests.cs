using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Recognizer.Tests;

/// <summary>What is in the packages holds where they are read: far from this repository.</summary>
public sealed partial class PackageTests
{
    [Theory]
    [InlineData("Recognizer.Inference")]
    [InlineData("Recognizer.Inference.DependencyInjection")]
    [InlineData("Recognizer.Training")]
    public void A_packed_readme_has_no_links_into_the_repository(string project)
    {
        string folder = Path.Combine(RepositoryFolder.Root, project);
        XElement settings = XDocument.Load(Path.Combine(folder, $"{project}.csproj")).Root!;
        string name = settings.Descendants("PackageReadmeFile").Single().Value;
        string readme = settings.Descendants("None").SelectMany(item => item.Attribute("Include")!.Value.Split(';')).Single(path => Path.GetFileName(path) == name);
        Assert.DoesNotContain(Link().Matches(File.ReadAllText(Path.Combine(folder, readme))), link => !link.Groups[1].Value.StartsWith("https://", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\]\(([^)]+)\)")]
    private static partial Regex Link();
}
