using System;
using System.Collections.Generic;

namespace NpcEngine
{
    /// <summary>The good end of a request: a line, or the answer to a request that is not speech, in `Data`.</summary>
    public sealed class NpcReply : NpcLine
    {
        private static Dictionary<string, object> NoData => new Dictionary<string, object>();

        /// <summary>A `done`. Throws FrameException.</summary>
        internal NpcReply(Dictionary<string, object> message) : base(message, message.Text("text", ""))
        {
            Narration = message.Text("narration", "");
            RetryAfterMs = message.OptionalInteger("retry_after_ms");
            Epoch = message.Integer("epoch", 0);
            Data = message.Map("data");
        }

        /// <summary>A line that this client gives when the daemon does not answer.</summary>
        internal NpcReply(string text, NpcSource source) : this(text, "", source)
        {
        }

        private NpcReply(string text, string narration, NpcSource source) : base(text, source, NpcReason.Offline)
        {
            Narration = narration;
            Data = NoData;
        }

        /// <summary>The end of a conversation that the daemon left open after so many turns.</summary>
        internal NpcReply(int turns) : this("", NpcSource.None)
        {
            Data = new Dictionary<string, object> { { "turns", (long)turns } };
        }

        /// <summary>The same line of this client's own, seen and not spoken.</summary>
        internal NpcReply AsNarration()
        {
            return new NpcReply("", Text, Source);
        }

        /// <summary>What is seen, not spoken: the answer to `Describe`.</summary>
        public string Narration { get; }

        /// <summary>When it may be worth asking again, milliseconds from now; null if the daemon did not tell.</summary>
        public long? RetryAfterMs { get; }

        /// <summary>Of the save slot; it rises when a save is loaded.</summary>
        public long Epoch { get; }

        /// <summary>The answer to a request that is not speech: string, long, double, bool, null, List&lt;object&gt;,
        /// Dictionary&lt;string, object&gt;.</summary>
        public IReadOnlyDictionary<string, object> Data { get; }

        /// <summary>The save that `SaveExport` asked for, for the game's own save file; null if there is none.</summary>
        public byte[] Blob()
        {
            object blob;
            if (!Data.TryGetValue("blob", out blob) || !(blob is string))
                return null;
            try
            {
                return Convert.FromBase64String((string)blob);
            }
            catch (FormatException)
            {
                return null;
            }
        }
    }
}
