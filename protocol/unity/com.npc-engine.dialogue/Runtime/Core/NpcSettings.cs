using System;

namespace NpcEngine
{
    /// <summary>How a connection finds its daemon.</summary>
    public sealed class NpcSettings
    {
        public const string DefaultAddress = "tcp://127.0.0.1:5770";

        /// <summary>Where the daemon listens: an address of this machine. Not used with `Launch`.</summary>
        public string Address = DefaultAddress;

        /// <summary>The file with the daemon's secret. Null: where a daemon leaves it for its port.</summary>
        public string TokenFile;

        /// <summary>Worlds and memories are kept apart by game.</summary>
        public string Game = "default";

        /// <summary>The game's name and version, for the daemon's log.</summary>
        public string Client = "npc-engine-unity/0.1.0";

        /// <summary>Start a daemon of this game's own; null: one is there already.</summary>
        public NpcLaunch Launch;

        /// <summary>Told what the game's callbacks throw. Null: it leaves `Poll`.</summary>
        public Action<Exception> CallbackFailed;
    }

    /// <summary>How to start a daemon as a child of the game. It ends with the connection, or by itself when the game
    /// dies.</summary>
    public sealed class NpcLaunch
    {
        /// <summary>The program; looked for on the PATH if it is a bare name.</summary>
        public string Program = "npc-engine";

        /// <summary>Further options of `npc-engine serve`, such as "--model", "smollm2-135m".</summary>
        public string[] Options = new string[0];
    }
}
