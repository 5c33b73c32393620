using System;
using System.Collections.Generic;
using NUnit.Framework;

namespace NpcEngine.Tests
{
    public sealed class TextTests
    {
        [Test]
        public void CodePointsAreCountedNotUnits()
        {
            Assert.AreEqual(3, CodePoints.Count("a\U0001F409b"));
            Assert.AreEqual("a\U0001F409", CodePoints.First("a\U0001F409b", 2));
            Assert.AreEqual("", CodePoints.First("a", 0));
            Assert.AreEqual("a", CodePoints.First("a", 9));
            Assert.AreEqual(2, CodePoints.Count("\ud83d\ud83d")); // halves count as themselves
        }

        [Test]
        public void JsonIsRead()
        {
            var map = (Dictionary<string, object>)JsonReader.Read(
                " {\"a\": [1, -2.5, true, null, {}], \"b\\u00e9\\n\": \"\\ud83d\\udc09\\\\\"} ");
            Assert.AreEqual("\U0001F409\\", map["b\u00e9\n"]);
            var list = (List<object>)map["a"];
            Assert.AreEqual(1L, list[0]);
            Assert.AreEqual(-2.5, list[1]);
            Assert.AreEqual(5, list.Count);
        }

        [Test]
        public void BrokenJsonIsRefused()
        {
            foreach (string text in new[] { "", "{", "{\"a\"", "{\"a\":}",
                "[1,]", "tru", "\"\\u12\"", "\"a", "1 2", "{1:2}", "\"\\x\"" })
                Assert.Throws<FormatException>(() => JsonReader.Read(text), text);
        }

        [Test]
        public void OnlyThisMachineIsAnAddress()
        {
            Assert.AreEqual("127.0.0.1:5770", LoopbackAddress.Parse("tcp://localhost:5770").ToString());
            Assert.AreEqual("[::1]:1", LoopbackAddress.Parse("tcp://[::1]:1").ToString());
            foreach (string address in new[] { null, "", "tcp://", "127.0.0.1:5770", "tcp://127.0.0.1", "tcp://127.0.0.1:0",
                "tcp://127.0.0.1:65536",
                "tcp://127.0.0.1: 1", "tcp://192.168.0.2:5770", "tcp://127.0.0.1.evil.example:5770", "ipc:///tmp/x:1" })
                Assert.Throws<ArgumentException>(() => LoopbackAddress.Parse(address), address);
        }

        [Test]
        public void ArgumentsOfTheDaemonAreQuoted()
        {
            Assert.AreEqual("\"serve\" \"C:\\a b\\\\\" \"say \\\"hi\\\"\"",
                DaemonProcess.CommandLine(new List<string> { "serve", "C:\\a b\\", "say \"hi\"" }));
        }
    }
}
