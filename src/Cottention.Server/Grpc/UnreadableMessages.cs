using Grpc.Core;

namespace Cottention.Server.Grpc;

/// <summary>
/// Answers bytes that are no message of the method with INVALID_ARGUMENT. They fail before any interceptor sees the call, and
/// the library then says UNKNOWN, as of a fault of ours.
/// </summary>
internal static class UnreadableMessages
{
    private const string StatusHeader = "grpc-status";
    private const string MessageHeader = "grpc-message";
    private static readonly object Understood = new();

    /// <summary>Puts itself between the library and the wire.</summary>
    public static void UseUnreadableMessages(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        await next(context);
        var headers = context.Response.Headers;
        if (!context.Response.HasStarted && !context.Items.ContainsKey(Understood) && headers[StatusHeader] == $"{(int)StatusCode.Unknown}")
        {
            headers[StatusHeader] = $"{(int)StatusCode.InvalidArgument}";
            headers[MessageHeader] = "the bytes are no message of this method";
        }
    });

    /// <summary>The call's first message was read: from here on a failure is what it says.</summary>
    public static void Mark(ServerCallContext context) => context.GetHttpContext().Items[Understood] = Understood;
}
