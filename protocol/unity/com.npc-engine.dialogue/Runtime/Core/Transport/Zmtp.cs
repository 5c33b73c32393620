using System;
using System.Text;

namespace NpcEngine
{
    /// <summary>The bytes of ZMTP 3.1 with the NULL mechanism that a DEALER writes (https://rfc.zeromq.org/spec/37/).</summary>
    internal static class Zmtp
    {
        public const int GreetingBytes = 64;
        public const int More = 1;
        public const int Long = 2;
        public const int Command = 4;
        public const int ReservedFlags = 0xf8;
        /// <summary>Longest context of a PING.</summary>
        public const int ContextBytes = 16;

        /// <summary>Signature, version 3.1, mechanism NULL, not a server.</summary>
        public static byte[] Greeting()
        {
            var greeting = new byte[GreetingBytes];
            greeting[0] = 0xff;
            greeting[9] = 0x7f;
            greeting[10] = 3;
            greeting[11] = 1;
            Encoding.ASCII.GetBytes("NULL", 0, 4, greeting, 12);
            return greeting;
        }

        /// <summary>The client's half of the handshake: a DEALER with an empty identity.</summary>
        public static byte[] Ready()
        {
            const string ready = "\u0005READY\u000bSocket-Type\0\0\0\u0006DEALER\u0008Identity\0\0\0\0";
            return Frame(Encoding.ASCII.GetBytes(ready), Command);
        }

        /// <summary>The answer to a PING, with its context.</summary>
        public static byte[] Pong(ArraySegment<byte> context)
        {
            var body = new byte[5 + context.Count];
            Encoding.ASCII.GetBytes("\u0004PONG", 0, 5, body, 0);
            Buffer.BlockCopy(context.Array, context.Offset, body, 5, context.Count);
            return Frame(body, Command);
        }

        /// <summary>A message of one frame, or a command: flags, length, body.</summary>
        public static byte[] Frame(byte[] body, int flags)
        {
            int header = body.Length <= byte.MaxValue ? 2 : 9;
            var frame = new byte[header + body.Length];
            frame[0] = (byte)(header == 2 ? flags : flags | Long);
            for (int i = header - 1, length = body.Length; i > 0; i--, length >>= 8)
                frame[i] = (byte)length;
            Buffer.BlockCopy(body, 0, frame, header, body.Length);
            return frame;
        }
    }
}
