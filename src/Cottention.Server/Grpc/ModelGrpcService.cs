using Cottention.Protocol.V1;
using Cottention.Server.Hosting;
using Grpc.Core;

namespace Cottention.Server.Grpc;

/// <summary>What is served, and how full the server is.</summary>
internal sealed class ModelGrpcService(Serving serving) : ModelService.ModelServiceBase
{
    public override Task<Model> GetModel(GetModelRequest request, ServerCallContext context)
    {
        var served = serving.Require();
        var config = served.Model.Config;
        var model = new Model
        {
            Name = served.Model.Name,
            Fingerprint = served.Model.Fingerprint,
            ParameterCount = served.ParameterCount,
            LayerCount = config.LayerCount,
            HeadCount = config.HeadCount,
            HeadDim = config.HeadDim,
            EmbeddingSize = config.EmbeddingSize,
            VocabularySize = config.VocabularySize,
            LiveTokenCount = served.Model.Tokenizer.TokenCount,
            TrainedPositions = config.TrainedPositions,
            StateBytes = Inference.Model.StateLayout.Of(config).Bytes,
            Device = served.Device,
            Runner = served.Runner,
            ServerVersion = ServerVersion.Text,
        };
        if (config.BosTokenId is { } bos)
            model.BosTokenId = bos;
        if (config.EosTokenId is { } eos)
            model.EosTokenId = eos;
        if (served.Model.ChatFormat is { } format)
            model.ChatFormat = new ChatFormat { FirstTurn = format.FirstTurn, NextTurn = format.NextTurn, Stop = { format.Stop } };
        return Task.FromResult(model);
    }

    public override Task<Capacity> GetCapacity(GetCapacityRequest request, ServerCallContext context)
    {
        var capacity = serving.Require().Host.GetCapacity();
        return Task.FromResult(new Capacity
        {
            SlotCount = capacity.SlotCount,
            ResidentSessions = capacity.ResidentSessions,
            RunningGenerations = capacity.RunningGenerations,
            MaxRunningGenerations = capacity.MaxRunningGenerations,
            QueuedGenerations = capacity.QueuedGenerations,
            MaxQueuedGenerations = capacity.MaxQueuedGenerations,
            StateBytesPerSession = capacity.StateBytesPerSession,
        });
    }
}
