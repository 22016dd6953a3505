using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Cottention.Cli;

/// <summary><c>cottention model</c>: what the server serves and how full it is.</summary>
internal static class ModelCommand
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var json = JsonLines.Flag();
        var command = new Command("model", "Shows the model that the server serves, and how full the server is.") { json };
        command.SetClientAction(async (client, parsed, cancellation) =>
        {
            var model = await client.GetModelAsync(cancellation);
            var capacity = await client.GetCapacityAsync(cancellation);
            if (parsed.GetValue(json))
            {
                JsonLines.Write(model);
                JsonLines.Write(capacity);
                return;
            }
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""
                model     {model.Name}, {model.ParameterCount:N0} parameters, {model.LayerCount} layers x {model.HeadCount} heads x {model.HeadDim}
                tokens    {model.LiveTokenCount} in the vocabulary; trained on up to {model.TrainedPositions} in a row
                checksum  {model.Fingerprint}
                chat      {(model.ChatFormat is { } chat ? JsonSerializer.Serialize(chat.FirstTurn, Plain) : "not meant for conversations")}
                runner    {model.Device}: {model.Runner}
                state     {Sizes.Text(model.StateBytes)} a session at any length
                sessions  {capacity.ResidentSessions} of {capacity.SlotCount} in memory
                running   {capacity.RunningGenerations} of {capacity.MaxRunningGenerations}, {capacity.QueuedGenerations} of {capacity.MaxQueuedGenerations} queued
                server    {model.ServerVersion}
                """));
        });
        return command;
    }
}
