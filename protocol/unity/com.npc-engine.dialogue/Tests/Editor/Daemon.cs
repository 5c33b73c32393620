using System;
using System.Collections.Generic;

namespace NpcEngine.Tests
{
    /// <summary>A connection of the client and the daemon's side of it, with the test as the daemon.</summary>
    internal sealed class Daemon
    {
        public readonly FakeClock Clock = new FakeClock();
        public readonly FakeTransport Transport = new FakeTransport();
        public readonly List<Exception> Thrown = new List<Exception>();
        public readonly NpcConnection Client;
        private int _read;

        public Daemon()
        {
            var settings = new NpcSettings { TokenFile = "no-such-file", CallbackFailed = Thrown.Add };
            Client = new NpcConnection(settings, Clock, endPoint => Transport);
        }

        /// <summary>One that has been greeted.</summary>
        public static Daemon Greeted()
        {
            var daemon = new Daemon();
            daemon.Client.Poll();
            daemon.Welcome();
            daemon.Sent();
            return daemon;
        }

        public void Welcome(bool resumed = false)
        {
            Tell("welcome", "v", 1L, "daemon", "0", "pack", "oakhollow", "state", "ready", "resumed", resumed, "authored",
                new Dictionary<string, object> { { "marta", new[] { "Hold that thought, love.", "Later." } } });
        }

        /// <summary>Send a message to the client, and poll it. `fields` are names and values in turn.</summary>
        public void Tell(string type, params object[] fields)
        {
            Transport.Incoming.Enqueue(Frame(type, fields));
            Client.Poll();
        }

        public void Break()
        {
            Transport.Link = 0;
            Client.Poll();
            Transport.Link = 2;
            Client.Poll();
        }

        public void PassMs(long ms)
        {
            Clock.PassMs(ms);
            Client.Poll();
        }

        /// <summary>What the client has sent since this was last asked.</summary>
        public List<Dictionary<string, object>> Sent()
        {
            var messages = new List<Dictionary<string, object>>();
            for (; _read < Transport.Sent.Count; _read++)
                messages.Add(MessagePackReader.Decode(new ArraySegment<byte>(Transport.Sent[_read])));
            return messages;
        }

        /// <summary>The types of what it has sent since.</summary>
        public List<string> SentTypes()
        {
            return Sent().ConvertAll(message => (string)message["t"]);
        }

        public static byte[] Frame(string type, params object[] fields)
        {
            var message = new Dictionary<string, object> { { "t", type } };
            for (int i = 0; i < fields.Length; i += 2)
                message[(string)fields[i]] = fields[i + 1];
            return MessagePackWriter.Encode(message);
        }
    }
}
