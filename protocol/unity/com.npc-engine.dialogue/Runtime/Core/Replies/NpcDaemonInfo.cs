using System.Collections.Generic;

namespace NpcEngine
{
    /// <summary>What the daemon said of itself.</summary>
    public sealed class NpcDaemonInfo
    {
        /// <summary>A `welcome`. Throws FrameException.</summary>
        internal NpcDaemonInfo(Dictionary<string, object> message)
        {
            Version = message.Text("daemon");
            Pack = message.Text("pack");
            Engine = message.Text("engine", "");
            Model = message.Text("model", "");
            Npcs = message.TextMap("npcs");
            Places = message.TextMap("places");
            Limits = new NpcLimits(message.Map("limits"));
            Resumed = message.Flag("resumed");
        }

        /// <summary>The daemon's own version.</summary>
        public string Version { get; }

        /// <summary>Id of the character pack it serves.</summary>
        public string Pack { get; private set; }

        /// <summary>What runs the model.</summary>
        public string Engine { get; private set; }

        public string Model { get; private set; }

        /// <summary>Characters: id to name.</summary>
        public IReadOnlyDictionary<string, string> Npcs { get; private set; }

        /// <summary>Places: id to name.</summary>
        public IReadOnlyDictionary<string, string> Places { get; private set; }

        public NpcLimits Limits { get; }

        /// <summary>Loading progress of the model, 0 to 1.</summary>
        public double Progress { get; private set; }

        /// <summary>What is being loaded, or why the model is down.</summary>
        public string Detail { get; private set; } = "";

        /// <summary>Faults in a changed pack, "file:line:column: what is wrong". While there are any, the daemon goes on
        /// with the last good version.</summary>
        public IReadOnlyList<string> PackProblems { get; private set; } = new string[0];

        internal bool Resumed { get; }

        /// <summary>Take a `status`. Throws FrameException, and has changed nothing then.</summary>
        internal void TakeStatus(Dictionary<string, object> message)
        {
            string engine = message.Text("engine", Engine), model = message.Text("model", Model);
            double progress = message.Number("progress", 0);
            Detail = message.Text("detail", "");
            Engine = engine;
            Model = model;
            Progress = progress;
        }

        /// <summary>Take a `pack`: faults leave the names as they are. Throws FrameException, and has changed nothing
        /// then.</summary>
        internal void TakePack(Dictionary<string, object> message)
        {
            string pack = message.Text("pack");
            List<string> problems = message.Texts("problems");
            Dictionary<string, string> npcs = message.TextMap("npcs"), places = message.TextMap("places");
            PackProblems = problems;
            if (problems.Count > 0)
                return;
            Pack = pack;
            Npcs = npcs;
            Places = places;
        }
    }

    /// <summary>The bounds a client must keep; the daemon's errors name them.</summary>
    public sealed class NpcLimits
    {
        /// <summary>Largest frame that either side takes unless the daemon says otherwise, bytes.</summary>
        internal const long DefaultFrameBytes = 1 << 20;

        /// <summary>What holds until a daemon says otherwise.</summary>
        internal static NpcLimits Default => new NpcLimits(new Dictionary<string, object>());

        internal NpcLimits(Dictionary<string, object> message)
        {
            FrameBytes = message.Integer("frame_bytes", DefaultFrameBytes);
            TextChars = message.Integer("text_chars", 2000);
            BudgetMinMs = message.Integer("budget_min_ms", 1);
            BudgetMaxMs = message.Integer("budget_max_ms", 600000);
        }

        /// <summary>Largest message, bytes.</summary>
        public long FrameBytes { get; }

        /// <summary>Longest text a player may say, Unicode code points.</summary>
        public long TextChars { get; }

        public long BudgetMinMs { get; }

        public long BudgetMaxMs { get; }
    }
}
