using System;
using System.Collections.Generic;

namespace NpcEngine.Tests
{
    /// <summary>A connection whose other end is the test.</summary>
    internal sealed class FakeTransport : ITransport
    {
        public readonly List<byte[]> Sent = new List<byte[]>();
        public readonly Queue<byte[]> Incoming = new Queue<byte[]>();
        public int Reopened;
        public bool IsClosed;
        public bool IsFull;

        public int Link { get; set; } = 1;

        public string Problem { get; set; } = "";

        public bool IsIdle { get; private set; } = true;

        public bool Receive(out ArraySegment<byte> message)
        {
            message = default(ArraySegment<byte>);
            IsIdle = Incoming.Count == 0;
            if (IsIdle)
                return false;
            message = new ArraySegment<byte>(Incoming.Dequeue());
            return true;
        }

        public bool Send(byte[] message)
        {
            if (Link == 0 || IsFull)
                return false;
            Sent.Add(message);
            return true;
        }

        public void Tick(long nowUs)
        {
        }

        public void Reopen(long nowUs, string problem)
        {
            Reopened++;
            Link = 0;
        }

        public void Close()
        {
            IsClosed = true;
        }
    }
}
