using System;
using System.Collections.Generic;
using NUnit.Framework;

namespace NpcEngine.Tests
{
    public sealed class MessagePackTests
    {
        [Test]
        public void EveryWidthOfAnIntegerComesBack()
        {
            var values = new List<long> { 0, 127, 128, 255, 256, 65535, 65536, uint.MaxValue, 1L + uint.MaxValue, 1L << 53,
                -1, -32, -33, -128, -129, -32768, -32769, int.MinValue, int.MinValue - 1L, -(1L << 53) };
            foreach (long value in values)
                Assert.AreEqual(value, RoundTrip(value));
            Assert.AreEqual("81a176ff", Hex.Text(MessagePackWriter.Encode(Map(-1))));
            Assert.AreEqual("81a17680", Hex.Text(MessagePackWriter.Encode(Map(new Dictionary<string, object>()))));
        }

        [Test]
        public void TextsListsAndMapsOfEveryHeaderComeBack()
        {
            foreach (int length in new[] { 0, 31, 32, 255, 256, 65535, 65536 })
            {
                Assert.AreEqual(new string('x', length), RoundTrip(new string('x', length)));
                Assert.AreEqual(length, ((List<object>)RoundTrip(new bool[length])).Count);
            }
            var map = new Dictionary<string, object>();
            for (int i = 0; i < 70000; i++)
                map["k" + i] = null;
            Assert.AreEqual(70000, ((Dictionary<string, object>)RoundTrip(map)).Count);
            Assert.AreEqual("\U0001F409 \u00e9 \0", RoundTrip("\U0001F409 \u00e9 \0"));
        }

        [Test]
        public void NumbersComeBack()
        {
            foreach (double value in new[] { 0.0, -0.25, 1e300, double.PositiveInfinity })
                Assert.AreEqual(value, RoundTrip(value));
            Assert.AreEqual(0.5, RoundTrip(0.5f));
            Assert.AreEqual(-1.5, Decode("81a176cabfc00000"));
            Assert.AreEqual(0.0, Decode("81a176ca00000000"));
            Assert.AreEqual((double)float.Epsilon, Decode("81a176ca00000001"));
            Assert.AreEqual(double.NegativeInfinity, Decode("81a176caff800000"));
            Assert.IsTrue(double.IsNaN((double)Decode("81a176ca7fc00000")));
        }

        [Test]
        public void WhatTheProtocolCannotCarryIsRefused()
        {
            foreach (object value in new object[] { (1L << 53) + 1, -(1L << 53) - 1, "\ud83d", new byte[1], DateTime.MinValue })
                Assert.Throws<FrameException>(() => MessagePackWriter.Encode(Map(value)));
        }

        [Test]
        public void HostileBytesAreRefusedAndNothingElse()
        {
            foreach (string hex in new[] { "", "c0", "01", "9101", "81", "81a1", "81a176", "dfffffffff", "81a176ddffffffff",
                "81a176dbffffffff", "81a176c1", "81a176c40100", "81a176d4ff00", "8101a176", "81c0a176", "81a176a2fffe",
                "81a176a3eda080",
                "81a176cfffffffffffffffff", "81a176d38000000000000000", "81a176cf0020000000000001", "81a176c0c0" })
                Assert.Throws<FrameException>(() => Decode(hex), hex);
            Assert.Throws<FrameException>(() => Decode("81a176" + new string('9', 2000) + "c0"));
        }

        [Test]
        public void RandomBytesAreReadOrRefused()
        {
            var random = new Random(1);
            byte[] frame = MessagePackWriter.Encode(Map(new object[] { "text", 1.5, 70000, null, Map("x") }));
            for (int i = 0; i < 20000; i++)
            {
                var damaged = (byte[])frame.Clone();
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
                try
                {
                    MessagePackReader.Decode(new ArraySegment<byte>(damaged, 0, random.Next(damaged.Length + 1)));
                }
                catch (FrameException)
                {
                    // refused
                }
            }
        }

        private static Dictionary<string, object> Map(object value)
        {
            return new Dictionary<string, object> { { "v", value } };
        }

        private static object RoundTrip(object value)
        {
            return MessagePackReader.Decode(new ArraySegment<byte>(MessagePackWriter.Encode(Map(value))))["v"];
        }

        private static object Decode(string hex)
        {
            return MessagePackReader.Decode(new ArraySegment<byte>(Hex.Bytes(hex)))["v"];
        }
    }
}
