using System;
using System.Collections;
using System.Collections.Generic;
using System.Text;

namespace NpcEngine
{
    /// <summary>Writes one MessagePack map: text, numbers, true and false, null, lists and maps with text keys, which is
    /// all the protocol has. Lengths and integers take their shortest form.</summary>
    internal sealed class MessagePackWriter
    {
        /// <summary>Largest absolute value of an integer: every client's language holds it exactly.</summary>
        public const long IntegerMax = 1L << 53;

        private static readonly UTF8Encoding Utf8 = new UTF8Encoding(false, true);

        private byte[] _bytes = new byte[256];
        private int _count;

        private MessagePackWriter()
        {
        }

        /// <summary>The bytes of a message. Throws FrameException for what the protocol cannot carry: a foreign type,
        /// half a surrogate pair, an integer beyond 2^53.</summary>
        public static byte[] Encode(IDictionary<string, object> message)
        {
            var writer = new MessagePackWriter();
            writer.WriteMap((IDictionary)message, 0);
            var frame = new byte[writer._count];
            Buffer.BlockCopy(writer._bytes, 0, frame, 0, frame.Length);
            return frame;
        }

        private void Write(object value, int depth)
        {
            if (depth > MessagePackReader.MaxDepth)
                throw new FrameException("nested deeper than " + MessagePackReader.MaxDepth + " levels");
            if (value == null)
                Put(0xc0);
            else if (value is string)
                WriteText((string)value);
            else if (value is bool)
                Put((bool)value ? 0xc3 : 0xc2);
            else if (value is int)
                WriteInteger((int)value);
            else if (value is long)
                WriteInteger((long)value);
            else if (value is double)
                WriteNumber((double)value);
            else if (value is float)
                WriteNumber((float)value);
            else if (value is IDictionary)
                WriteMap((IDictionary)value, depth);
            else if (value is IList && !(value is byte[]))
                WriteList((IList)value, depth);
            else
                throw new FrameException("a value is neither text, number, true, false, list nor map");
        }

        private void WriteMap(IDictionary map, int depth)
        {
            WriteLength(map.Count, 0x80, 16, -1, 0xde, 0xdf);
            foreach (DictionaryEntry entry in map)
            {
                var key = entry.Key as string;
                if (key == null)
                    throw new FrameException("the keys of a map are texts");
                WriteText(key);
                Write(entry.Value, depth + 1);
            }
        }

        private void WriteList(IList list, int depth)
        {
            WriteLength(list.Count, 0x90, 16, -1, 0xdc, 0xdd);
            for (int i = 0; i < list.Count; i++)
                Write(list[i], depth + 1);
        }

        private void WriteText(string text)
        {
            int size;
            try
            {
                size = Utf8.GetByteCount(text);
            }
            catch (EncoderFallbackException)
            {
                throw new FrameException("a text holds half a surrogate pair: it was cut inside a character");
            }
            WriteLength(size, 0xa0, 32, 0xd9, 0xda, 0xdb);
            Reserve(size);
            _count += Utf8.GetBytes(text, 0, text.Length, _bytes, _count);
        }

        private void WriteNumber(double value)
        {
            Put(0xcb);
            PutBigEndian((ulong)BitConverter.DoubleToInt64Bits(value), 8);
        }

        private void WriteInteger(long value)
        {
            if (value > IntegerMax || value < -IntegerMax)
                throw new FrameException("an integer is larger than 2^53");
            if (value >= 0 ? value < 128 : value >= -32)
                Put((int)(value & 0xff));
            else if (value >= 0)
                WriteWidth((ulong)value, 0xcc,
                    value <= byte.MaxValue ? 0 : value <= ushort.MaxValue ? 1 : value <= uint.MaxValue ? 2 : 3);
            else
                WriteWidth((ulong)value, 0xd0,
                    value >= sbyte.MinValue ? 0 : value >= short.MinValue ? 1 : value >= int.MinValue ? 2 : 3);
        }

        /// <summary>A type byte for the width 2^power, and that many bytes.</summary>
        private void WriteWidth(ulong value, int firstType, int power)
        {
            Put(firstType + power);
            PutBigEndian(value, 1 << power);
        }

        /// <summary>A header: the length inside the type byte if it is short, else in 1 (where `type8` is a type), 2 or 4
        /// bytes.</summary>
        private void WriteLength(int length, int shortType, int shortLimit, int type8, int type16, int type32)
        {
            if (length < shortLimit)
            {
                Put(shortType | length);
            }
            else if (type8 >= 0 && length <= byte.MaxValue)
            {
                Put(type8);
                Put(length);
            }
            else
            {
                bool fits = length <= ushort.MaxValue;
                Put(fits ? type16 : type32);
                PutBigEndian((ulong)length, fits ? 2 : 4);
            }
        }

        private void PutBigEndian(ulong value, int size)
        {
            for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
                Put((int)(value >> shift) & 0xff);
        }

        private void Put(int value)
        {
            Reserve(1);
            _bytes[_count++] = (byte)value;
        }

        private void Reserve(int size)
        {
            if (_bytes.Length - _count < size)
                Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _count + size));
        }
    }
}
