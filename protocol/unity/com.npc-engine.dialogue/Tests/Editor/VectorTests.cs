using System;
using System.Collections.Generic;
using System.IO;
using NUnit.Framework;

namespace NpcEngine.Tests
{
    /// <summary>The protocol's own vectors. They are not part of the package: the environment's NPC_ENGINE_VECTORS names
    /// their folder.</summary>
    public sealed class VectorTests
    {
        [Test]
        public void ValidMessagesMeanTheirMaps()
        {
            foreach (Dictionary<string, object> vector in Load("valid.json"))
            {
                byte[] frame = Hex.Bytes(vector.Text("hex"));
                Dictionary<string, object> message = MessagePackReader.Decode(new ArraySegment<byte>(frame));
                AssertSame(vector["map"], message, vector.Text("name"));
                byte[] again = MessagePackWriter.Encode(message);
                AssertSame(vector["map"], MessagePackReader.Decode(new ArraySegment<byte>(again)), vector.Text("name"));
            }
        }

        [Test]
        public void AnEmojiIsCountedInCodePoints()
        {
            foreach (Dictionary<string, object> vector in Load("valid.json"))
            {
                if (vector.Text("name") == "say-emoji")
                    Assert.AreEqual(6, CodePoints.Count(vector.Map("map").Text("text")));
            }
        }

        [Test]
        public void BadWordsOfADaemonDoNoHarm()
        {
            foreach (Dictionary<string, object> vector in Load("invalid.json"))
            {
                Daemon daemon = Daemon.Greeted();
                NpcRequest request = daemon.Client.Say("marta", "Hi");
                daemon.Transport.Incoming.Enqueue(Hex.Bytes(vector.Text("hex")));
                daemon.PassMs(0);
                Assert.IsFalse(request.IsEnded, vector.Text("name"));
                Assert.IsTrue(daemon.Client.IsConnected, vector.Text("name"));
                daemon.Tell("done", "id", 1L, "text", "Fine.");
                Assert.AreEqual("Fine.", request.Reply.Text, vector.Text("name"));
            }
        }

        [Test]
        public void TheHandshakeIsTheProtocols()
        {
            var steps = new Dictionary<string, string>();
            foreach (Dictionary<string, object> vector in Load("handshake.json"))
                steps[vector.Text("name")] = vector.Text("hex");
            Assert.AreEqual(steps["greeting"], Hex.Text(Zmtp.Greeting()));
            Assert.AreEqual(steps["ready"], Hex.Text(Zmtp.Ready()));
            Assert.AreEqual(steps["pong"], Hex.Text(Zmtp.Pong(new ArraySegment<byte>(Hex.Bytes("616263")))));
            Assert.AreEqual(steps["short-message"], Hex.Text(Zmtp.Frame(Hex.Bytes("81a174a470696e67"), 0)));
            byte[] longMessage = Hex.Bytes(steps["long-message"]);
            var body = new byte[longMessage.Length - 9];
            Buffer.BlockCopy(longMessage, 9, body, 0, body.Length);
            Assert.AreEqual(steps["long-message"], Hex.Text(Zmtp.Frame(body, 0)));
        }

        [Test]
        public void TranscriptsEndTheirRequestsOnce()
        {
            foreach (Dictionary<string, object> transcript in Load("transcripts.json"))
                Play(transcript);
        }

        /// <summary>The client asks what the transcript's client asks, and hears what its daemon says.</summary>
        private static void Play(Dictionary<string, object> transcript)
        {
            var daemon = new Daemon();
            var requests = new Dictionary<long, NpcRequest>();
            var ends = new Dictionary<long, int>();
            string name = transcript.Text("name");
            int hellos = 0;
            foreach (Dictionary<string, object> step in transcript.Items("steps"))
            {
                Dictionary<string, object> message = step.Map("map");
                long id = message.Integer("id", 0);
                if (step.Text("from") == "daemon")
                {
                    daemon.Transport.Incoming.Enqueue(Hex.Bytes(step.Text("hex")));
                    daemon.PassMs(0);
                    bool isEnd = message.Text("t") == "done" || message.Text("t") == "error";
                    if (isEnd && requests.ContainsKey(id))
                        Assert.AreEqual(1, ends[id], name + " " + id);
                }
                else if (message.Text("t") == "hello")
                {
                    if (hellos++ > 0)
                        daemon.Break();
                }
                else if (id > 0 && !requests.ContainsKey(id))
                {
                    var fields = new Dictionary<string, object>(message);
                    fields.Remove("t");
                    fields.Remove("id");
                    NpcRequest request = daemon.Client.Request(message.Text("t"), fields);
                    requests[id] = request;
                    ends[id] = 0;
                    request.Ended += ended => ends[id]++;
                }
            }
            foreach (NpcRequest request in requests.Values)
                Assert.IsTrue(request.IsEnded, name);
        }

        private static List<object> Load(string file)
        {
            string folder = Environment.GetEnvironmentVariable("NPC_ENGINE_VECTORS");
            if (string.IsNullOrEmpty(folder))
                Assert.Ignore("NPC_ENGINE_VECTORS is not set");
            return (List<object>)JsonReader.Read(File.ReadAllText(Path.Combine(folder, file)));
        }

        private static void AssertSame(object expected, object actual, string name)
        {
            if (expected is Dictionary<string, object>)
            {
                var map = (Dictionary<string, object>)expected;
                var other = (Dictionary<string, object>)actual;
                Assert.AreEqual(map.Count, other.Count, name);
                foreach (KeyValuePair<string, object> entry in map)
                    AssertSame(entry.Value, other[entry.Key], name + "." + entry.Key);
            }
            else if (expected is List<object>)
            {
                var list = (List<object>)expected;
                var other = (List<object>)actual;
                Assert.AreEqual(list.Count, other.Count, name);
                for (int i = 0; i < list.Count; i++)
                    AssertSame(list[i], other[i], name);
            }
            else
            {
                Assert.AreEqual(expected, actual, name);
            }
        }
    }
}
