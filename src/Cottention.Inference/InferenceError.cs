namespace Cottention.Inference;

/// <summary>Why a request, a session or a model was refused. Each edge (gRPC, HTTP, command line) maps it in one switch.</summary>
public enum InferenceError
{
    /// <summary>A request field is out of range; <see cref="InferenceException.Violations"/> names each one.</summary>
    InvalidArgument,

    /// <summary>A model folder cannot be loaded: missing, damaged or of an unsupported shape.</summary>
    InvalidModel,

    /// <summary>No session has this id, resident or stored.</summary>
    SessionNotFound,

    /// <summary>A session with this id exists already.</summary>
    SessionExists,

    /// <summary>Another generation holds the session, or a compare-and-set on its version was lost.</summary>
    SessionConflict,

    /// <summary>The stored snapshot belongs to another model or another state layout.</summary>
    SessionModelMismatch,

    /// <summary>The stored snapshot is damaged.</summary>
    SessionCorrupt,

    /// <summary>Every slot and every place in the bounded queue is taken.</summary>
    Overloaded,

    /// <summary>The server is stopping, or the step thread has ended.</summary>
    Unavailable,

    /// <summary>The store could not be read or written.</summary>
    StoreFailed,

    /// <summary>The model produced logits that are not finite; nothing was committed.</summary>
    NonFiniteLogits,
}
