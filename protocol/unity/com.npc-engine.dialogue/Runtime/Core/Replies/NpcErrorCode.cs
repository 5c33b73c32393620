namespace NpcEngine
{
    /// <summary>The error codes that this client gives or acts on. A daemon knows more; PROTOCOL.md explains each.</summary>
    public static class NpcErrorCode
    {
        public const string BadMessage = "bad_message";
        public const string BudgetOutOfRange = "budget_out_of_range";
        public const string Cancelled = "cancelled";
        public const string DaemonUnreachable = "daemon_unreachable";
        public const string HelloFirst = "hello_first";
        public const string Internal = "internal";
        public const string SessionTaken = "session_taken";
        public const string StorageFailed = "storage_failed";
        public const string TableFull = "table_full";
        public const string Unauthorised = "unauthorised";
        public const string VersionUnsupported = "version_unsupported";
    }
}
