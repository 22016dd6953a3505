using System.CommandLine;
using Google.Protobuf;

namespace Cottention.Cli;

/// <summary>Messages of the protocol as JSON, one a line on stdout, with the names of the proto files.</summary>
internal static class JsonLines
{
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    public static Option<bool> Flag() => new("--json") { Description = "Print JSON, one message a line, with the names of the proto files." };

    public static void Write(IMessage message)
    {
        Console.Out.WriteLine(Formatter.Format(message));
        Console.Out.Flush();
    }
}
