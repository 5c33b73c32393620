namespace NpcEngine
{
    /// <summary>The protocol counts text in Unicode code points; a C# string counts UTF-16 units, two for an emoji.</summary>
    public static class CodePoints
    {
        /// <summary>How many code points a text has.</summary>
        public static int Count(string text)
        {
            int count = 0;
            for (int i = 0; i < text.Length; i += Width(text, i))
                count++;
            return count;
        }

        /// <summary>The first `count` code points of a text, or all of it if it is shorter.</summary>
        public static string First(string text, int count)
        {
            int end = 0;
            for (; count > 0 && end < text.Length; count--)
                end += Width(text, end);
            return text.Substring(0, end);
        }

        private static int Width(string text, int at)
        {
            return at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]) ? 2 : 1;
        }
    }
}
