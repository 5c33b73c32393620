namespace NpcEngine
{
    /// <summary>What a client knows of its daemon. While one answers, the state is the daemon's own word; a word not listed
    /// here comes from a newer daemon.</summary>
    public static class NpcState
    {
        /// <summary>No daemon yet, or it was lost a moment ago.</summary>
        public const string Connecting = "connecting";
        /// <summary>No daemon for three seconds or longer. The client goes on trying.</summary>
        public const string Offline = "offline";
        /// <summary>The daemon will not have this client; `Problem` says why. It goes on trying now and then.</summary>
        public const string Refused = "refused";
        /// <summary>The daemon answers; its model is being loaded.</summary>
        public const string Loading = "loading";
        /// <summary>Lines come from the model.</summary>
        public const string Ready = "ready";
        /// <summary>The daemon answers; its model is silent.</summary>
        public const string Stalled = "stalled";
        /// <summary>The daemon answers; it has no model, so every line is an authored one.</summary>
        public const string Down = "down";
        /// <summary>The daemon is shutting down.</summary>
        public const string Stopping = "stopping";
        /// <summary>After `Close`.</summary>
        public const string Closed = "closed";
    }
}
