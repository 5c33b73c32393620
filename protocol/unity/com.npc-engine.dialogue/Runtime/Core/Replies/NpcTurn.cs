using System.Collections.Generic;

namespace NpcEngine
{
    /// <summary>One line of a conversation between characters.</summary>
    public sealed class NpcTurn : NpcLine
    {
        /// <summary>A `turn`. Throws FrameException.</summary>
        internal NpcTurn(Dictionary<string, object> message) : base(message, message.Text("text"))
        {
            Number = message.Integer("n");
            Npc = message.Text("npc");
        }

        /// <summary>Counts the lines from 1.</summary>
        public long Number { get; }

        /// <summary>Who says it.</summary>
        public string Npc { get; }
    }
}
