namespace NpcEngine
{
    /// <summary>Who wrote a line.</summary>
    public enum NpcSource
    {
        /// <summary>Nobody: the reply is no line.</summary>
        None,
        /// <summary>The model: its whole line.</summary>
        Model,
        /// <summary>The model; it is the part that stood when time or the guard ended it.</summary>
        Partial,
        /// <summary>The character's author, for this moment.</summary>
        Authored,
    }

    internal static class Sources
    {
        /// <summary>One that is unknown, from a newer daemon, counts as authored.</summary>
        public static NpcSource Parse(string name)
        {
            switch (name)
            {
                case null: return NpcSource.None;
                case "model": return NpcSource.Model;
                case "partial": return NpcSource.Partial;
                default: return NpcSource.Authored;
            }
        }
    }
}
