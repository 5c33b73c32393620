using System;
using System.Collections.Generic;

namespace NpcEngine
{
    /// <summary>A text with the manner it comes in: what a reply and a turn of a conversation have in common.</summary>
    public abstract class NpcLine
    {
        private protected NpcLine(Dictionary<string, object> message, string text)
        {
            Text = text;
            Emotion = Emotions.Parse(message.Text("emotion", null));
            Source = Sources.Parse(message.Text("source", null));
            Reason = message.Text("reason", NpcReason.None);
            Dictionary<string, object> timing = message.OptionalMap("timing");
            Timing = timing == null ? null : new NpcTiming(timing);
            Actions = ReadActions(message.Items("actions"));
        }

        private protected NpcLine(string text, NpcSource source, string reason)
        {
            Text = text;
            Source = source;
            Reason = reason;
            Actions = Array.Empty<NpcAction>();
        }

        /// <summary>The line to show; empty if the reply is none.</summary>
        public string Text { get; }

        public NpcEmotion Emotion { get; }

        /// <summary>What the character wants to do. The game decides.</summary>
        public IReadOnlyList<NpcAction> Actions { get; }

        public NpcSource Source { get; }

        /// <summary>Why it is not the model's whole line: one of NpcReason, empty if it is.</summary>
        public string Reason { get; }

        /// <summary>Null if the daemon did not tell.</summary>
        public NpcTiming Timing { get; }

        private static IReadOnlyList<NpcAction> ReadActions(List<object> items)
        {
            if (items.Count == 0)
                return Array.Empty<NpcAction>();
            var actions = new NpcAction[items.Count];
            for (int i = 0; i < actions.Length; i++)
                {
                var action = items[i] as Dictionary<string, object>;
                actions[i] = new NpcAction(action ?? throw new FrameException("an action is not a map"));
            }
            return actions;
        }
    }
}
