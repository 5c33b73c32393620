using System;

namespace NpcEngine
{
    /// <summary>Bytes that come in at one end and go out at the other. It grows as needed, and is made once.</summary>
    internal sealed class ByteBuffer
    {
        private byte[] _bytes = new byte[16 * 1024];
        private int _start;
        private int _end;

        public int Count => _end - _start;

        public byte this[int index] => _bytes[_start + index];

        public void Append(byte[] bytes)
        {
            ArraySegment<byte> room = Room(bytes.Length);
            Buffer.BlockCopy(bytes, 0, room.Array, room.Offset, bytes.Length);
            Commit(bytes.Length);
        }

        /// <summary>Space to write into, at least so large. Slices taken before are void from here on.</summary>
        public ArraySegment<byte> Room(int size)
        {
            if (_start == _end)
                _start = _end = 0;
            if (_bytes.Length - _end < size)
            {
                byte[] old = _bytes;
                if (old.Length - Count < size)
                    _bytes = new byte[Math.Max(2 * old.Length, Count + size)];
                Buffer.BlockCopy(old, _start, _bytes, 0, Count);
                _end -= _start;
                _start = 0;
            }
            return new ArraySegment<byte>(_bytes, _end, _bytes.Length - _end);
        }

        /// <summary>So many bytes have been written into the room.</summary>
        public void Commit(int count)
        {
            _end += count;
        }

        /// <summary>Part of what is inside; valid until the next `Room` or `Append`.</summary>
        public ArraySegment<byte> Slice(int offset, int count)
        {
            return new ArraySegment<byte>(_bytes, _start + offset, count);
        }

        /// <summary>The first bytes are done with.</summary>
        public void Consume(int count)
        {
            _start += count;
        }
    }
}
