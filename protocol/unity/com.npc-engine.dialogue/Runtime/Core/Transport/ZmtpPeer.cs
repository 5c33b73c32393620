using System;
using System.Text;

namespace NpcEngine
{
    /// <summary>One ZMTP connection without its socket: what came goes into `Input`, what is to be sent waits in
    /// `Output`. Frames may come in pieces of any size.</summary>
    internal sealed class ZmtpPeer
    {
        public readonly ByteBuffer Input = new ByteBuffer();
        public readonly ByteBuffer Output = new ByteBuffer();

        private readonly long _maxFrameBytes;
        private bool _greeted;
        private bool _insideMessage;

        public ZmtpPeer(long maxFrameBytes)
        {
            _maxFrameBytes = maxFrameBytes;
            Output.Append(Zmtp.Greeting());
        }

        /// <summary>Both sides have said READY: messages may pass.</summary>
        public bool IsEstablished { get; private set; }

        /// <summary>The next message, if one is complete; it is valid until more is read. Answers commands on the way.
        /// Throws FrameException if the other side does not speak ZMTP, or too long.</summary>
        public bool Next(out ArraySegment<byte> message)
        {
            message = default(ArraySegment<byte>);
            if (!_greeted && !ReadGreeting())
                return false;
            int flags;
            while (ReadFrame(out flags, out message))
            {
                if ((flags & Zmtp.Command) != 0)
                {
                    Obey(message);
                    continue;
                }
                if (!IsEstablished)
                    throw new FrameException("a message came before the handshake was over");
                bool more = (flags & Zmtp.More) != 0;
                bool whole = !more && !_insideMessage;
                _insideMessage = more;
                if (whole)
                    return true; // a message of several frames is none of this protocol
            }
            return false;
        }

        private bool ReadGreeting()
        {
            if (Input.Count > 0 && Input[0] != 0xff || Input.Count > 9 && Input[9] != 0x7f)
                throw new FrameException("whoever listens there is no daemon: it does not speak ZMTP");
            if (Input.Count > 10 && Input[10] < 3)
                throw new FrameException("whoever listens there speaks an old ZMTP");
            if (Input.Count < Zmtp.GreetingBytes)
                return false;
            ArraySegment<byte> name = Input.Slice(12, 20);
            string mechanism = Encoding.ASCII.GetString(name.Array, name.Offset, name.Count).TrimEnd('\0');
            if (mechanism != "NULL")
                throw new FrameException("the daemon wants the mechanism " + mechanism + "; this client has only NULL");
            Input.Consume(Zmtp.GreetingBytes);
            Output.Append(Zmtp.Ready());
            _greeted = true;
            return true;
        }

        private bool ReadFrame(out int flags, out ArraySegment<byte> body)
        {
            flags = 0;
            body = default(ArraySegment<byte>);
            if (Input.Count < 2)
                return false;
            flags = Input[0];
            bool isCommand = (flags & Zmtp.Command) != 0;
            if ((flags & Zmtp.ReservedFlags) != 0 || isCommand && (flags & Zmtp.More) != 0)
                throw new FrameException("a frame has flags that ZMTP does not know");
            int header = (flags & Zmtp.Long) != 0 ? 9 : 2;
            if (Input.Count < header)
                return false;
            ulong length = 0;
            for (int i = 1; i < header; i++)
                length = (length << 8) | Input[i];
            if (length > (ulong)_maxFrameBytes)
                throw new FrameException("a frame of " + length + " bytes; " + _maxFrameBytes + " are allowed");
            if (Input.Count < header + (int)length)
                return false;
            body = Input.Slice(header, (int)length);
            Input.Consume(header + (int)length);
            return true;
        }

        private void Obey(ArraySegment<byte> command)
        {
            int nameLength = command.Count > 0 ? command.Array[command.Offset] : 0;
            if (nameLength == 0 || nameLength > command.Count - 1)
                throw new FrameException("a command has no name");
            string name = Encoding.ASCII.GetString(command.Array, command.Offset + 1, nameLength);
            int start = command.Offset + 1 + nameLength;
            int size = command.Count - 1 - nameLength;
            if (name == "READY")
                IsEstablished = true;
            else if (name == "PING" && size >= 2)
                Output.Append(Zmtp.Pong(new ArraySegment<byte>(command.Array, start + 2, Math.Min(size - 2, Zmtp.ContextBytes))));
            else if (name == "ERROR")
                throw new FrameException("the daemon refused the connection: "
                    + Encoding.ASCII.GetString(command.Array, start + Math.Min(size, 1), Math.Max(0, size - 1)));
        }
    }
}
