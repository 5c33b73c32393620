namespace NpcEngine
{
    /// <summary>How far a request has come. It ends once, as Done or as Failed.</summary>
    public enum NpcRequestState
    {
        /// <summary>Waits until the daemon is there.</summary>
        Queued,
        Sent,
        /// <summary>The daemon has it.</summary>
        Accepted,
        /// <summary>Its text forms.</summary>
        Streaming,
        /// <summary>`Reply` is set.</summary>
        Done,
        /// <summary>`Error` is set.</summary>
        Failed,
    }
}
