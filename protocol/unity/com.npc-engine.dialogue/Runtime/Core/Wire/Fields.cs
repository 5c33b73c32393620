using System.Collections.Generic;

namespace NpcEngine
{
    /// <summary>Typed reading of a message: a key that is absent or null has the default, one of another type is a
    /// fault. Every method throws FrameException then.</summary>
    internal static class Fields
    {
        public static string Text(this Dictionary<string, object> message, string key)
        {
            return Text(message, key, null) ?? throw Missing(key);
        }

        public static string Text(this Dictionary<string, object> message, string key, string absent)
        {
            object value = Value(message, key);
            if (value == null)
                return absent;
            return value as string ?? throw Mistyped(key, "a text");
        }

        public static long Integer(this Dictionary<string, object> message, string key)
        {
            return OptionalInteger(message, key) ?? throw Missing(key);
        }

        public static long Integer(this Dictionary<string, object> message, string key, long absent)
        {
            return OptionalInteger(message, key) ?? absent;
        }

        public static long? OptionalInteger(this Dictionary<string, object> message, string key)
        {
            object value = Value(message, key);
            if (value == null)
                return null;
            if (value is long)
                return (long)value;
            throw Mistyped(key, "an integer");
        }

        public static double Number(this Dictionary<string, object> message, string key, double absent)
        {
            return OptionalNumber(message, key) ?? absent;
        }

        public static double? OptionalNumber(this Dictionary<string, object> message, string key)
        {
            object value = Value(message, key);
            if (value == null)
                return null;
            if (value is double)
                return (double)value;
            if (value is long)
                return (long)value;
            throw Mistyped(key, "a number");
        }

        public static bool Flag(this Dictionary<string, object> message, string key)
        {
            object value = Value(message, key);
            if (value == null)
                return false;
            if (value is bool)
                return (bool)value;
            throw Mistyped(key, "true or false");
        }

        /// <summary>A map; an empty one where it is absent.</summary>
        public static Dictionary<string, object> Map(this Dictionary<string, object> message, string key)
        {
            return OptionalMap(message, key) ?? new Dictionary<string, object>();
        }

        public static Dictionary<string, object> OptionalMap(this Dictionary<string, object> message, string key)
        {
            object value = Value(message, key);
            if (value == null)
                return null;
            return value as Dictionary<string, object> ?? throw Mistyped(key, "a map");
        }

        /// <summary>A list; an empty one where it is absent.</summary>
        public static List<object> Items(this Dictionary<string, object> message, string key)
        {
            object value = Value(message, key);
            if (value == null)
                return new List<object>();
            return value as List<object> ?? throw Mistyped(key, "a list");
        }

        /// <summary>A list of texts; an empty one where it is absent.</summary>
        public static List<string> Texts(this Dictionary<string, object> message, string key)
        {
            var texts = new List<string>();
            foreach (object item in Items(message, key))
                texts.Add(item as string ?? throw Mistyped(key, "a list of texts"));
            return texts;
        }

        /// <summary>A map of texts to texts; an empty one where it is absent.</summary>
        public static Dictionary<string, string> TextMap(this Dictionary<string, object> message, string key)
        {
            var texts = new Dictionary<string, string>();
            foreach (KeyValuePair<string, object> entry in Map(message, key))
                texts[entry.Key] = entry.Value as string ?? throw Mistyped(key, "a map of texts");
            return texts;
        }

        private static object Value(Dictionary<string, object> message, string key)
        {
            object value;
            return message.TryGetValue(key, out value) ? value : null;
        }

        private static FrameException Missing(string key)
        {
            return new FrameException("`" + key + "` is missing");
        }

        private static FrameException Mistyped(string key, string wanted)
        {
            return new FrameException("`" + key + "` is not " + wanted);
        }
    }
}
