using System;
using System.Collections.Generic;
using System.Text;

namespace NpcEngine
{
    /// <summary>Reads one MessagePack map into a Dictionary; inside it are string, long, double, bool, null,
    /// List&lt;object&gt; and Dictionary&lt;string, object&gt;. Nothing is reserved for what a header merely announces.</summary>
    internal struct MessagePackReader
    {
        /// <summary>Levels of nesting that are read. The protocol needs 8; a newer daemon's unknown keys may hold more.</summary>
        public const int MaxDepth = 128;

        private static readonly UTF8Encoding Utf8 = new UTF8Encoding(false, true);

        private readonly byte[] _bytes;
        private readonly int _end;
        private int _at;

        private MessagePackReader(ArraySegment<byte> frame)
        {
            _bytes = frame.Array;
            _at = frame.Offset;
            _end = frame.Offset + frame.Count;
        }

        /// <summary>The map in a frame. Throws FrameException, and nothing else, whatever the bytes.</summary>
        public static Dictionary<string, object> Decode(ArraySegment<byte> frame)
        {
            var reader = new MessagePackReader(frame);
            var message = reader.Read(0) as Dictionary<string, object>;
            if (message == null)
                throw new FrameException("not a map");
            if (reader._at != reader._end)
                throw new FrameException("bytes after the end of the map");
            return message;
        }

        private object Read(int depth)
        {
            if (depth > MaxDepth)
                throw new FrameException("nested deeper than " + MaxDepth + " levels");
            int type = (int)Take(1);
            if (type < 0x80)
                return (long)type;
            if (type < 0x90)
                return ReadMap(type & 0x0f, depth);
            if (type < 0xa0)
                return ReadList(type & 0x0f, depth);
            if (type < 0xc0)
                return ReadText(type & 0x1f);
            if (type >= 0xe0)
                return (long)(sbyte)type;
            switch (type)
            {
                case 0xc0: return null;
                case 0xc2: return false;
                case 0xc3: return true;
                case 0xca: return ReadSingle();
                case 0xcb: return BitConverter.Int64BitsToDouble((long)Take(8));
                case 0xcc: return (long)Take(1);
                case 0xcd: return (long)Take(2);
                case 0xce: return (long)Take(4);
                case 0xcf: return Bounded((long)Math.Min(Take(8), long.MaxValue));
                case 0xd0: return (long)(sbyte)Take(1);
                case 0xd1: return (long)(short)Take(2);
                case 0xd2: return (long)(int)Take(4);
                case 0xd3: return Bounded((long)Take(8));
                case 0xd9: return ReadText(TakeLength(1));
                case 0xda: return ReadText(TakeLength(2));
                case 0xdb: return ReadText(TakeLength(4));
                case 0xdc: return ReadList(TakeLength(2), depth);
                case 0xdd: return ReadList(TakeLength(4), depth);
                case 0xde: return ReadMap(TakeLength(2), depth);
                case 0xdf: return ReadMap(TakeLength(4), depth);
                default: throw new FrameException("the protocol has no MessagePack type 0x" + type.ToString("x2"));
            }
        }

        private Dictionary<string, object> ReadMap(int count, int depth)
        {
            var map = new Dictionary<string, object>();
            for (int i = 0; i < count; i++)
            {
                var key = Read(depth + 1) as string;
                if (key == null)
                    throw new FrameException("a key is not a text");
                map[key] = Read(depth + 1);
            }
            return map;
        }

        private List<object> ReadList(int count, int depth)
        {
            var list = new List<object>();
            for (int i = 0; i < count; i++)
                list.Add(Read(depth + 1));
            return list;
        }

        private string ReadText(int size)
        {
            Need(size);
            try
            {
                string text = Utf8.GetString(_bytes, _at, size);
                _at += size;
                return text;
            }
            catch (ArgumentException)
            {
                throw new FrameException("a text is not UTF-8");
            }
        }

        /// <summary>A 32-bit float, by hand: .NET Standard 2.0 has no conversion of its bits that allocates nothing.</summary>
        private double ReadSingle()
        {
            uint bits = (uint)Take(4);
            int exponent = (int)(bits >> 23) & 0xff;
            double fraction = (bits & 0x7fffff) / (double)0x800000;
            double sign = bits >> 31 == 0 ? 1 : -1;
            if (exponent == 0xff)
                return fraction > 0 ? double.NaN : sign * double.PositiveInfinity;
            return exponent == 0 ? sign * fraction * Math.Pow(2, -126) : sign * (1 + fraction) * Math.Pow(2, exponent - 127);
        }

        /// <summary>Every element takes a byte at least: a longer list than there are bytes left is no list.</summary>
        private int TakeLength(int size)
        {
            ulong length = Take(size);
            if (length > (ulong)(_end - _at))
                throw new FrameException("ends too soon");
            return (int)length;
        }

        private ulong Take(int size)
        {
            Need(size);
            ulong value = 0;
            for (int i = 0; i < size; i++)
                value = (value << 8) | _bytes[_at++];
            return value;
        }

        private void Need(int size)
        {
            if (_end - _at < size)
                throw new FrameException("ends too soon");
        }

        private static long Bounded(long value)
        {
            if (value > MessagePackWriter.IntegerMax || value < -MessagePackWriter.IntegerMax)
                throw new FrameException("an integer is larger than 2^53");
            return value;
        }
    }
}
