using System.Reflection;

namespace Cottention.Server.Hosting;

/// <summary>The version of this build.</summary>
internal static class ServerVersion
{
    /// <summary>For example <c>0.1.0</c>.</summary>
    public static string Text { get; } =
        typeof(ServerVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
