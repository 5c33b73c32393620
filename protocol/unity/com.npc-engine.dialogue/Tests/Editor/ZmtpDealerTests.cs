using System;
using System.Net;
using System.Net.Sockets;
using System.Threading;
using NUnit.Framework;

namespace NpcEngine.Tests
{
    /// <summary>The transport over real sockets of this machine.</summary>
    public sealed class ZmtpDealerTests
    {
        private readonly SystemClock _clock = new SystemClock();
        private readonly TcpListener _listener = new TcpListener(IPAddress.Loopback, 0);
        private readonly ZmtpDealer _dealer;

        public ZmtpDealerTests()
        {
            _listener.Start();
            _dealer = new ZmtpDealer((IPEndPoint)_listener.LocalEndpoint, NpcLimits.DefaultFrameBytes);
        }

        [TearDown]
        public void Close()
        {
            _dealer.Close();
            _listener.Stop();
        }

        [Test]
        public void ABrokenLinkIsMadeAnewAndCounted()
        {
            for (int link = 1; link <= 2; link++)
            {
                using (Socket peer = Accept())
                {
                    Assert.AreEqual(link, _dealer.Link);
                    peer.Send(Zmtp.Frame(Hex.Bytes("c0"), 0));
                    ArraySegment<byte> message = default(ArraySegment<byte>);
                    Until(() => _dealer.Receive(out message));
                    Assert.AreEqual(0xc0, (int)message.Array[message.Offset]);
                }
                Until(() => Poll() && _dealer.Link == 0);
                Assert.IsTrue(_dealer.Problem.Contains("closed"));
            }
        }

        [Test]
        public void AMegabyteGoesOutWithoutBlocking()
        {
            using (Socket peer = Accept())
            {
                Assert.IsTrue(_dealer.Send(new byte[1 << 20]));
                int received = 0;
                var room = new byte[1 << 16];
                Until(() =>
                {
                    Poll();
                    while (peer.Available > 0)
                        received += peer.Receive(room);
                    return received == Zmtp.Greeting().Length + Zmtp.Ready().Length + 9 + (1 << 20);
                });
            }
        }

        [Test]
        public void NobodyThereIsAProblemAndNoException()
        {
            _listener.Stop();
            Until(() => Poll() && _dealer.Problem.Length > 0);
            Assert.AreEqual(0, _dealer.Link);
            Assert.IsFalse(_dealer.Send(new byte[1]));
        }

        private Socket Accept()
        {
            Until(() => Poll() && _listener.Pending());
            Socket peer = _listener.AcceptSocket();
            peer.Send(Zmtp.Greeting());
            peer.Send(Zmtp.Ready());
            Until(() => Poll() && _dealer.Link > 0);
            return peer;
        }

        private bool Poll()
        {
            ArraySegment<byte> message;
            _dealer.Receive(out message);
            _dealer.Tick(_clock.NowUs);
            return true;
        }

        private static void Until(Func<bool> happened)
        {
            const int attempts = 10000;
            int attempt = 0;
            while (!happened())
            {
                Assert.IsTrue(attempt++ < attempts, "it never happened");
                Thread.Sleep(1);
            }
        }
    }
}
