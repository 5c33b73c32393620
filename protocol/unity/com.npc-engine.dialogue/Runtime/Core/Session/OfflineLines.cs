using System.Collections.Generic;

namespace NpcEngine
{
    /// <summary>What a character says when the daemon does not answer: lines its author wrote, kept since `welcome`, each
    /// list taken in turn so that none comes twice in a row.</summary>
    internal sealed class OfflineLines
    {
        /// <summary>Said when nothing better is known.</summary>
        private const string Silence = "...";
        /// <summary>A text that ends so needs no mark that it was cut.</summary>
        private const string SentenceEnds = ".!?\u2026\u3002\uff01\uff1f\"\u201d\u00bb";

        private readonly Dictionary<string, int> _next = new Dictionary<string, int>();
        private Dictionary<string, List<string>> _lines = new Dictionary<string, List<string>>();

        /// <summary>The lines of a `welcome`. Throws FrameException.</summary>
        public static Dictionary<string, List<string>> Read(Dictionary<string, object> welcome)
        {
            var lines = new Dictionary<string, List<string>>();
            Dictionary<string, object> authored = welcome.Map("authored");
            foreach (string subject in authored.Keys)
                lines[subject] = authored.Texts(subject);
            return lines;
        }

        public void Learn(Dictionary<string, List<string>> lines)
        {
            _lines = lines;
        }

        /// <summary>A line for `subject`. What was published as stable stands: the player may have read it already.</summary>
        public NpcReply Reply(string subject, string published)
        {
            if (published.Length > 0)
            {
                bool whole = SentenceEnds.IndexOf(published[published.Length - 1]) >= 0;
                return new NpcReply(whole ? published : published + Silence, NpcSource.Partial);
            }
            return new NpcReply(NextLine(subject), NpcSource.Authored);
        }

        private string NextLine(string subject)
        {
            List<string> lines;
            if (!_lines.TryGetValue(subject, out lines) || lines.Count == 0)
                return Silence;
            int turn;
            _next.TryGetValue(subject, out turn);
            turn %= lines.Count; // a new welcome may bring fewer
            _next[subject] = turn + 1;
            return lines[turn];
        }
    }
}
