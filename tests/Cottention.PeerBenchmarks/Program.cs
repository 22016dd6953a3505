using Cottention.PeerBenchmarks;

return PeerCommand.Invoke(args);
