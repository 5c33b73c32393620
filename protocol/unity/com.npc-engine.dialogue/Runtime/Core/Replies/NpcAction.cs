using System.Collections.Generic;

namespace NpcEngine
{
    /// <summary>Something the character wants to do. The game decides whether it happens.</summary>
    public sealed class NpcAction
    {
        internal NpcAction(Dictionary<string, object> message)
        {
            Name = message.Text("name");
            Args = message.TextMap("args");
        }

        /// <summary>An action of the character's file.</summary>
        public string Name { get; }

        /// <summary>Names and values of its arguments.</summary>
        public IReadOnlyDictionary<string, string> Args { get; }
    }
}
