namespace Cottention.Server.Hosting;

/// <summary>Where the server is in its life. Only <see cref="Serving"/> is healthy.</summary>
internal enum ServingState
{
    /// <summary>The ports are open, the model is not ready.</summary>
    Loading,

    /// <summary>Calls are served.</summary>
    Serving,

    /// <summary>The step thread has not been seen alive for too long.</summary>
    Stalled,

    /// <summary>No call is admitted any more; those in progress may end.</summary>
    Stopping,
}
