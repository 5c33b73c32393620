using System.Collections;
using System.Globalization;
using System.Text;

namespace NpcEngine.Driver
{
    /// <summary>Writes what MessagePackReader reads as JSON in ASCII.</summary>
    internal static class JsonWriter
    {
        public static string Write(object value)
        {
            var text = new StringBuilder();
            Write(text, value);
            return text.ToString();
        }

        private static void Write(StringBuilder text, object value)
        {
            if (value == null)
                text.Append("null");
            else if (value is string)
                WriteText(text, (string)value);
            else if (value is bool)
                text.Append((bool)value ? "true" : "false");
            else if (value is double)
                text.Append(((double)value).ToString("R", CultureInfo.InvariantCulture));
            else if (value is IDictionary)
                WriteMap(text, (IDictionary)value);
            else if (value is IEnumerable)
                WriteList(text, (IEnumerable)value);
            else
                text.Append(((System.IFormattable)value).ToString(null, CultureInfo.InvariantCulture));
        }

        private static void WriteMap(StringBuilder text, IDictionary map)
        {
            string separator = "{";
            foreach (DictionaryEntry entry in map)
            {
                text.Append(separator);
                WriteText(text, (string)entry.Key);
                text.Append(": ");
                Write(text, entry.Value);
                separator = ", ";
            }
            text.Append(map.Count == 0 ? "{}" : "}");
        }

        private static void WriteList(StringBuilder text, IEnumerable list)
        {
            text.Append('[');
            string separator = "";
            foreach (object item in list)
            {
                text.Append(separator);
                Write(text, item);
                separator = ", ";
            }
            text.Append(']');
        }

        private static void WriteText(StringBuilder text, string value)
        {
            text.Append('"');
            foreach (char unit in value)
            {
                if (unit == '"' || unit == '\\')
                    text.Append('\\').Append(unit);
                else if (unit < ' ' || unit > '~')
                    text.Append("\\u").Append(((int)unit).ToString("x4"));
                else
                    text.Append(unit);
            }
            text.Append('"');
        }
    }
}
