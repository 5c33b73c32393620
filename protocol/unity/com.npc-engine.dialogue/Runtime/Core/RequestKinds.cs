using System.Collections.Generic;

namespace NpcEngine
{
    /// <summary>What the client itself must know of each type of request.</summary>
    internal static class RequestKinds
    {
        public const string DefaultSlot = "main";

        /// <summary>How long what the daemon must know or keep waits for an answer: it outlives a restart.</summary>
        private const long RecordMs = 30000;
        /// <summary>How long a look at the daemon waits for an answer.</summary>
        private const long LookMs = 2000;

        /// <summary>The answer is a text for the player, so that there is a line to fall back on.</summary>
        public static bool IsSpeech(string kind)
        {
            return kind == "say" || kind == "describe" || kind == "bark";
        }

        /// <summary>Its good end makes the slot another one: what was asked of the slot before is void.</summary>
        public static bool IsRenewal(string kind)
        {
            return kind == "save.import" || kind == "slot.new" || kind == "slot.delete";
        }

        public static bool HasSlot(string kind)
        {
            return kind != "spoken" && kind != "unspoken" && kind != "slot.list" && kind != "health";
        }

        public static bool HasBudget(Dictionary<string, object> fields)
        {
            object budget;
            return fields.TryGetValue("budget_ms", out budget) && (budget is long || budget is int);
        }

        /// <summary>How long a request may take, milliseconds.</summary>
        public static long PatienceMs(string kind, Dictionary<string, object> fields)
        {
            bool looks = kind == "inspect" || kind == "health";
            return Integer(fields, "budget_ms", looks ? LookMs : RecordMs);
        }

        public static long Integer(Dictionary<string, object> fields, string key, long absent)
        {
            object value;
            if (!fields.TryGetValue(key, out value))
                return absent;
            return value is long ? (long)value : value is int ? (int)value : absent;
        }
    }
}
