using System;
using System.Collections.Generic;

namespace NpcEngine
{
    /// <summary>The bad end of a request.</summary>
    public sealed class NpcError
    {
        internal NpcError(string code, string message)
        {
            Code = code;
            Message = message;
        }

        /// <summary>An `error`. Throws FrameException.</summary>
        internal NpcError(Dictionary<string, object> message) : this(message.Text("code"), message.Text("message", ""))
        {
            RetryAfterMs = message.OptionalInteger("retry_after_ms");
        }

        /// <summary>One of the error codes in PROTOCOL.md, such as "unknown_npc".</summary>
        public string Code { get; }

        /// <summary>What is wrong, for a developer, not for players.</summary>
        public string Message { get; }

        /// <summary>When it may be worth asking again, milliseconds from now; null if the daemon did not tell.</summary>
        public long? RetryAfterMs { get; }

        /// <summary>The same request, asked again later, may succeed. Else something must change first.</summary>
        public bool IsRecoverable => Code == NpcErrorCode.DaemonUnreachable || Code == NpcErrorCode.Internal
            || Code == NpcErrorCode.StorageFailed || Code == NpcErrorCode.TableFull;
    }

    /// <summary>What an awaited request throws when it fails. One that was cancelled throws OperationCanceledException
    /// instead.</summary>
    public sealed class NpcException : Exception
    {
        internal NpcException(NpcError error) : base(error.Code + ": " + error.Message)
        {
            Error = error;
        }

        public NpcError Error { get; }
    }
}
