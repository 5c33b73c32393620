using System;
using System.Collections.Generic;
using System.Text;
using NUnit.Framework;

namespace NpcEngine.Tests
{
    public sealed class ZmtpPeerTests
    {
        private const int MaxFrameBytes = 1000;

        private static byte[] Handshake => Join(Zmtp.Greeting(), Zmtp.Ready());

        [Test]
        public void MessagesComeWholeHoweverTheyAreCut()
        {
            byte[] bytes = Join(Handshake, Zmtp.Frame(Bytes("one"), 0), Zmtp.Frame(new byte[300], 0), Zmtp.Frame(Bytes(""), 0));
            foreach (int size in new[] { 1, 2, 63, 64, 65, bytes.Length })
            {
                List<int> lengths = Feed(new ZmtpPeer(MaxFrameBytes), bytes, size);
                CollectionAssert.AreEqual(new[] { 3, 300, 0 }, lengths);
            }
        }

        [Test]
        public void TheHandshakeIsThatOfTheProtocol()
        {
            var peer = new ZmtpPeer(MaxFrameBytes);
            Feed(peer, Handshake, 1);
            Assert.AreEqual(Hex.Text(Handshake), Hex.Text(Output(peer)));
            Assert.IsTrue(peer.IsEstablished);
        }

        [Test]
        public void APingIsAnsweredWithItsContext()
        {
            var peer = new ZmtpPeer(MaxFrameBytes);
            Feed(peer, Join(Handshake, Hex.Bytes("040a0450494e470000616263")), 1);
            Assert.IsTrue(Hex.Text(Output(peer)).EndsWith("040804504f4e47616263"));
        }

        [Test]
        public void AMessageOfSeveralFramesIsSkipped()
        {
            byte[] bytes = Join(Handshake, Zmtp.Frame(Bytes("a"), Zmtp.More), Zmtp.Frame(Bytes("bb"), Zmtp.More),
                Zmtp.Frame(Bytes("ccc"), 0), Zmtp.Frame(Bytes("dddd"), 0));
            CollectionAssert.AreEqual(new[] { 4 }, Feed(new ZmtpPeer(MaxFrameBytes), bytes, 7));
        }

        [Test]
        public void OtherBytesBreakTheLink()
        {
            byte[] old = Zmtp.Greeting();
            old[10] = 1;
            byte[] curve = Zmtp.Greeting();
            Encoding.ASCII.GetBytes("CURVE", 0, 5, curve, 12);
            foreach (byte[] bytes in new[]
            {
                Bytes("HTTP/1.1 400 Bad Request"), old, curve,
                Join(Zmtp.Greeting(), Zmtp.Frame(Bytes("early"), 0)),
                Join(Handshake, new byte[] { 8, 0 }), Join(Handshake, new byte[] { 5, 0 }),
                Join(Handshake, Hex.Bytes("0200000000000003e9")), Join(Handshake, Hex.Bytes("02ffffffffffffffff")),
                Join(Handshake, Zmtp.Frame(Bytes("\u0005ERROR\u0003why"), Zmtp.Command)),
                Join(Handshake, Zmtp.Frame(Bytes(""), Zmtp.Command)),
                Join(Handshake, Zmtp.Frame(Bytes("\u0009PING"), Zmtp.Command)),
            })
            {
                Assert.Throws<FrameException>(() => Feed(new ZmtpPeer(MaxFrameBytes), bytes, 1), Hex.Text(bytes));
                Assert.Throws<FrameException>(() => Feed(new ZmtpPeer(MaxFrameBytes), bytes, bytes.Length), Hex.Text(bytes));
            }
        }

        [Test]
        public void UnknownCommandsAndAByteEightOfLibzmqAreBorne()
        {
            byte[] greeting = Zmtp.Greeting();
            greeting[8] = 1;
            byte[] bytes = Join(greeting, Zmtp.Ready(), Zmtp.Frame(Bytes("\u0004NEWS"), Zmtp.Command), Zmtp.Frame(Bytes("m"), 0));
            CollectionAssert.AreEqual(new[] { 1 }, Feed(new ZmtpPeer(MaxFrameBytes), bytes, 5));
        }

        private static List<int> Feed(ZmtpPeer peer, byte[] bytes, int size)
        {
            var lengths = new List<int>();
            for (int start = 0; start < bytes.Length; start += size)
            {
                var piece = new byte[Math.Min(size, bytes.Length - start)];
                Buffer.BlockCopy(bytes, start, piece, 0, piece.Length);
                peer.Input.Append(piece);
                ArraySegment<byte> message;
                while (peer.Next(out message))
                    lengths.Add(message.Count);
            }
            return lengths;
        }

        private static byte[] Output(ZmtpPeer peer)
        {
            var output = new byte[peer.Output.Count];
            ArraySegment<byte> all = peer.Output.Slice(0, output.Length);
            Buffer.BlockCopy(all.Array, all.Offset, output, 0, output.Length);
            return output;
        }

        private static byte[] Bytes(string text)
        {
            return Encoding.ASCII.GetBytes(text);
        }

        private static byte[] Join(params byte[][] parts)
        {
            var buffer = new List<byte>();
            foreach (byte[] part in parts)
                buffer.AddRange(part);
            return buffer.ToArray();
        }
    }
}
