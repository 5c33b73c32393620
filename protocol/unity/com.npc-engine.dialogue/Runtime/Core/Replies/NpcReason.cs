namespace NpcEngine
{
    /// <summary>Why a line is not a whole line of the model. A daemon may know more reasons: take them as text for the
    /// log.</summary>
    public static class NpcReason
    {
        public const string None = "";
        public const string Late = "late";
        public const string Busy = "busy";
        public const string Loading = "loading";
        public const string Guard = "guard";
        public const string Crashed = "crashed";
        public const string Quarantined = "quarantined";
        public const string Stopping = "stopping";
        public const string Length = "length";
        public const string Interrupted = "interrupted";
        /// <summary>Given by this client: the daemon did not answer in time.</summary>
        public const string Offline = "offline";
    }
}
