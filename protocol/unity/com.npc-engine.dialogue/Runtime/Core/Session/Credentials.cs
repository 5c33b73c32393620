using System;
using System.IO;
using System.Text;

namespace NpcEngine
{
    /// <summary>Where a daemon on this machine leaves the secret that its clients must know.</summary>
    internal static class Credentials
    {
        private const int TokenChars = 128;

        /// <summary>The file in which the daemon on `port` keeps its token; null if there is no home folder. The file may
        /// not exist.</summary>
        public static string TokenFile(int port)
        {
            string home = Environment.GetEnvironmentVariable("NPC_ENGINE_HOME");
            if (string.IsNullOrEmpty(home))
            {
                string user = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
                if (string.IsNullOrEmpty(user))
                    return null;
                home = Path.Combine(user, ".npc_engine");
            }
            return Path.Combine(Path.Combine(home, "run"), "token-" + port);
        }

        /// <summary>The token in a file; empty if there is none to be read.</summary>
        public static string ReadToken(string path)
        {
            if (string.IsNullOrEmpty(path))
                return "";
            try
            {
                string token = File.ReadAllText(path, Encoding.ASCII).Trim();
                return token.Length <= TokenChars ? token : "";
            }
            catch (Exception cause) when (cause is IOException || cause is UnauthorizedAccessException
                || cause is NotSupportedException || cause is ArgumentException)
            {
                return "";
            }
        }
    }
}
