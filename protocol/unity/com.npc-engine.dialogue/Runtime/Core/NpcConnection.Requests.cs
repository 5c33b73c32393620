using System;
using System.Collections.Generic;

namespace NpcEngine
{
    /// <summary>The requests of the protocol as methods that return at once. What becomes of a request shows in the object
    /// they return. `budgetMs` is the time until its end; what has none is answered at once by a daemon that is there. Same
    /// `seed`, same words: same line. `slot` is the save slot. Arguments that are null are left out.</summary>
    public sealed partial class NpcConnection
    {
        /// <summary>`speaker` says `text` to `npc`, who answers. With an empty text the character speaks first. What is
        /// whispered nobody else near hears, nor the answer.</summary>
        public NpcRequest Say(string npc, string text, int budgetMs = 1500, string speaker = "player", bool whispered = false,
            string slot = RequestKinds.DefaultSlot, long? seed = null)
        {
            return Ask("say", "npc", npc, "text", text, "budget_ms", budgetMs, "speaker", speaker, "private", whispered,
                "slot", slot, "seed", seed);
        }

        /// <summary>What a newcomer sees at `place` now. It comes as the reply's `Narration`.</summary>
        public NpcRequest Describe(string place, int budgetMs = 3000, string slot = RequestKinds.DefaultSlot, long? seed = null)
        {
            return Ask("describe", "place", place, "budget_ms", budgetMs, "slot", slot, "seed", seed);
        }

        /// <summary>A short remark by `npc` in passing; `about` is what it refers to.</summary>
        public NpcRequest Bark(string npc, string about = "", int budgetMs = 1500, string slot = RequestKinds.DefaultSlot,
            long? seed = null)
        {
            return Ask("bark", "npc", npc, "about", about, "budget_ms", budgetMs, "slot", slot, "seed", seed);
        }

        /// <summary>`npcs` talk to each other about `topic`, the first of them begins. Each line comes within the budget of
        /// the one before, as one of the request's `Turns`.</summary>
        public NpcRequest Converse(IReadOnlyList<string> npcs, string topic = "", int turns = 4, int budgetMs = 3000,
            string slot = RequestKinds.DefaultSlot, long? seed = null)
        {
            return Ask("converse", "npcs", Names(npcs), "topic", topic, "turns", turns, "budget_ms", budgetMs, "slot", slot,
                "seed", seed);
        }

        /// <summary>Prepare for talking to `npcs`, nearest first, so that their first word comes at once.</summary>
        public NpcRequest Warm(IReadOnlyList<string> npcs, int budgetMs = 30000, string slot = RequestKinds.DefaultSlot)
        {
            return Ask("warm", "npcs", Names(npcs), "budget_ms", budgetMs, "slot", slot);
        }

        /// <summary>The game showed the line of `request`; `heard` code points of it reached the listeners (null: all). Now
        /// the character remembers it. Of a line that this client ended itself, the daemon knows only what it had published.
        /// </summary>
        public NpcRequest Spoken(NpcRequest request, int? heard = null)
        {
            if (request.Reply != null && request.Reply.Reason == NpcReason.Offline)
                heard = Math.Min(heard ?? request.Published, request.Published);
            return Ask("spoken", "target", request.Id, "heard", heard);
        }

        /// <summary>The line of `request` was never shown: nobody remembers it.</summary>
        public NpcRequest Unspoken(NpcRequest request)
        {
            return Ask("unspoken", "target", request.Id);
        }

        /// <summary>Tell what is true now, all of it or, if one value does not fit, nothing. Values are bool, int, long,
        /// float, double or string. The reply's data "changed" lists the names whose value is new.</summary>
        public NpcRequest WorldSet(IReadOnlyDictionary<string, object> values, string slot = RequestKinds.DefaultSlot)
        {
            return Ask("world.set", "values", Copy(values), "slot", slot);
        }

        /// <summary>Ask what is true now, of `names` or, if null, of everything; the answer is the reply's data "values".
        /// </summary>
        public NpcRequest WorldGet(IReadOnlyList<string> names = null, string slot = RequestKinds.DefaultSlot)
        {
            return Ask("world.get", "names", Names(names), "slot", slot);
        }

        /// <summary>Something happened: one sentence, as a witness would tell it. `npcs` saw it, else all who are at
        /// `place`, else all who are where the player is. `importance` is 1 to 10.</summary>
        public NpcRequest Event(string text, string place = "", IReadOnlyList<string> npcs = null, int importance = 5,
            string slot = RequestKinds.DefaultSlot)
        {
            return Ask("event", "text", text, "place", place, "npcs", Names(npcs), "importance", importance, "slot", slot);
        }

        /// <summary>The player comes to `place`. `npcs` are moved there (null: who is there as known), `items` are at hand
        /// (null: those of the pack). The reply's data "npcs" lists who is there.</summary>
        public NpcRequest SceneEnter(string place, IReadOnlyList<string> npcs = null, IReadOnlyList<string> items = null,
            string slot = RequestKinds.DefaultSlot)
        {
            return Ask("scene.enter", "place", place, "npcs", Names(npcs), "items", Names(items), "slot", slot);
        }

        /// <summary>The player leaves the place; nobody is near until the next `SceneEnter`.</summary>
        public NpcRequest SceneLeave(string slot = RequestKinds.DefaultSlot)
        {
            return Ask("scene.leave", "slot", slot);
        }

        /// <summary>Everything of a slot for the game's own save file: the reply's `Blob`.</summary>
        public NpcRequest SaveExport(string slot = RequestKinds.DefaultSlot)
        {
            return Ask("save.export", "slot", slot);
        }

        /// <summary>Make a slot what it was when `blob` was exported, or leave it alone and say why. What was asked of the
        /// slot before and is still open ends as cancelled.</summary>
        public NpcRequest SaveImport(byte[] blob, string slot = RequestKinds.DefaultSlot)
        {
            return Ask("save.import", "blob", Convert.ToBase64String(blob), "slot", slot);
        }

        /// <summary>Begin a slot anew, whatever was in it. What was asked of it before and is still open ends as cancelled.
        /// </summary>
        public NpcRequest SlotNew(string slot = RequestKinds.DefaultSlot)
        {
            return Ask("slot.new", "slot", slot);
        }

        /// <summary>Copy a slot to a name that is not taken.</summary>
        public NpcRequest SlotCopy(string to, string slot = RequestKinds.DefaultSlot)
        {
            return Ask("slot.copy", "to", to, "slot", slot);
        }

        /// <summary>The slots this game has, in the reply's data "slots".</summary>
        public NpcRequest SlotList()
        {
            return Ask("slot.list");
        }

        /// <summary>Delete a slot and all that was remembered in it.</summary>
        public NpcRequest SlotDelete(string slot)
        {
            return Ask("slot.delete", "slot", slot);
        }

        /// <summary>What the model would be shown if `speaker` said `text` to `npc` now; nothing is generated. See the
        /// reply's data.</summary>
        public NpcRequest Inspect(string npc, string text = "", string speaker = "player", string slot = RequestKinds.DefaultSlot)
        {
            return Ask("inspect", "npc", npc, "text", text, "speaker", speaker, "slot", slot);
        }

        /// <summary>The daemon's state and counters, in the reply's data.</summary>
        public NpcRequest Health()
        {
            return Ask("health");
        }

        /// <summary>Any request, by the protocol's names: for those that are newer than this client.</summary>
        public NpcRequest Request(string type, IReadOnlyDictionary<string, object> fields)
        {
            return _exchange.Add(type, Copy(fields));
        }

        /// <summary>`fields` are names and values in turn.</summary>
        private NpcRequest Ask(string type, params object[] fields)
        {
            var message = new Dictionary<string, object>();
            for (int i = 0; i < fields.Length; i += 2)
            {
                if (fields[i + 1] != null)
                    message[(string)fields[i]] = fields[i + 1];
            }
            return _exchange.Add(type, message);
        }

        private static List<string> Names(IReadOnlyList<string> names)
        {
            return names == null ? null : new List<string>(names);
        }

        private static Dictionary<string, object> Copy(IReadOnlyDictionary<string, object> map)
        {
            var copy = new Dictionary<string, object>();
            foreach (KeyValuePair<string, object> entry in map)
                copy[entry.Key] = entry.Value;
            return copy;
        }
    }
}
