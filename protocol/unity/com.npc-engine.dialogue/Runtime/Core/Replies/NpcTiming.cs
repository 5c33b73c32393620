using System.Collections.Generic;

namespace NpcEngine
{
    /// <summary>Where the daemon spent the time, milliseconds since the request reached it, and what its prompt cache
    /// saved.</summary>
    public sealed class NpcTiming
    {
        internal NpcTiming(Dictionary<string, object> message)
        {
            TotalMs = message.Number("total_ms", 0);
            QueueMs = message.Number("queue_ms", 0);
            FirstMs = message.OptionalNumber("first_ms");
            PromptTokens = message.Integer("prompt_tokens", 0);
            CachedTokens = message.Integer("cached_tokens", 0);
            OutputTokens = message.Integer("output_tokens", 0);
            Drafts = message.Integer("drafts", 0);
        }

        /// <summary>Until the reply.</summary>
        public double TotalMs { get; }

        /// <summary>Until the model began.</summary>
        public double QueueMs { get; }

        /// <summary>Until the first update; null if there was none.</summary>
        public double? FirstMs { get; }

        public long PromptTokens { get; }

        /// <summary>Of the prompt's tokens, those found in the cache.</summary>
        public long CachedTokens { get; }

        public long OutputTokens { get; }

        /// <summary>Attempts made; the guard may refuse some.</summary>
        public long Drafts { get; }
    }
}
