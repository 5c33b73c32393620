using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace NpcEngine
{
    /// <summary>Reads JSON into the same types as MessagePackReader: what a daemon writes into its ready file.</summary>
    internal struct JsonReader
    {
        private readonly string _text;
        private int _at;

        private JsonReader(string text)
        {
            _text = text;
            _at = 0;
        }

        /// <summary>The value in a text. Throws FormatException if it is not JSON, or not all of it.</summary>
        public static object Read(string text)
        {
            var reader = new JsonReader(text);
            object value = reader.ReadValue(0);
            if (reader.Peek() != '\0')
                throw reader.Fault("the end");
            return value;
        }

        private object ReadValue(int depth)
        {
            if (depth > MessagePackReader.MaxDepth)
                throw Fault("less nesting");
            switch (Peek())
            {
                case '{': return ReadMap(depth);
                case '[': return ReadList(depth);
                case '"': return ReadText();
                case 't': return ReadWord("true", true);
                case 'f': return ReadWord("false", false);
                case 'n': return ReadWord("null", null);
                default: return ReadNumber();
            }
        }

        private Dictionary<string, object> ReadMap(int depth)
        {
            var map = new Dictionary<string, object>();
            for (bool more = Begin('}'); more; more = Continue('}'))
            {
                if (Peek() != '"')
                    throw Fault("a key");
                string key = ReadText();
                Expect(':');
                map[key] = ReadValue(depth + 1);
            }
            return map;
        }

        private List<object> ReadList(int depth)
        {
            var list = new List<object>();
            for (bool more = Begin(']'); more; more = Continue(']'))
                list.Add(ReadValue(depth + 1));
            return list;
        }

        /// <summary>Past the opening bracket; whether there is anything before `end`.</summary>
        private bool Begin(char end)
        {
            _at++;
            if (Peek() != end)
                return true;
            _at++;
            return false;
        }

        /// <summary>Past a comma or `end`; whether it was a comma.</summary>
        private bool Continue(char end)
        {
            bool more = Peek() == ',';
            Expect(more ? ',' : end);
            return more;
        }

        private string ReadText()
        {
            var text = new StringBuilder();
            for (_at++; _at < _text.Length && _text[_at] != '"'; _at++)
                text.Append(_text[_at] == '\\' ? ReadEscape() : _text[_at]);
            Expect('"');
            return text.ToString();
        }

        private char ReadEscape()
        {
            _at++;
            char escape = _at < _text.Length ? _text[_at] : '\0';
            switch (escape)
            {
                case 'b': return '\b';
                case 'f': return '\f';
                case 'n': return '\n';
                case 'r': return '\r';
                case 't': return '\t';
                case '"': case '\\': case '/': return escape;
            }
            string digits = escape == 'u' && _at + 4 < _text.Length ? _text.Substring(_at + 1, 4) : "";
            ushort unit;
            if (!ushort.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out unit))
                throw Fault("an escape");
            _at += 4;
            return (char)unit;
        }

        private object ReadNumber()
        {
            int start = _at;
            while (_at < _text.Length && "+-.0123456789eE".IndexOf(_text[_at]) >= 0)
                _at++;
            string digits = _text.Substring(start, _at - start);
            long integer;
            if (long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out integer))
                return integer;
            double number;
            if (double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out number))
                return number;
            throw Fault("a value");
        }

        private object ReadWord(string word, object value)
        {
            if (string.CompareOrdinal(_text, _at, word, 0, word.Length) != 0)
                throw Fault("a value");
            _at += word.Length;
            return value;
        }

        /// <summary>The next character that is no space; NUL at the end.</summary>
        private char Peek()
        {
            while (_at < _text.Length && " \t\r\n".IndexOf(_text[_at]) >= 0)
                _at++;
            return _at < _text.Length ? _text[_at] : '\0';
        }

        private void Expect(char character)
        {
            if (Peek() != character)
                throw Fault("`" + character + "`");
            _at++;
        }

        private FormatException Fault(string wanted)
        {
            return new FormatException("no JSON: at character " + _at + " there should be " + wanted);
        }
    }
}
