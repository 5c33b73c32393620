using System;
using System.Collections.Generic;
using System.Reflection;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;
using UnityEngine;

namespace NpcEngine.Tests
{
    /// <summary>The components on the stubs of Unity, whose lifecycle the test calls. No daemon listens.</summary>
    public sealed class ComponentTests
    {
        private readonly GameObject _object = new GameObject("marta");
        private readonly NpcClient _client;
        private readonly NpcSpeaker _speaker;

        public ComponentTests()
        {
            Debug.Logged.Clear();
            _client = _object.AddComponent<NpcClient>();
            _client.Configure("tcp://127.0.0.1:9", "test");
            _speaker = _object.AddComponent<NpcSpeaker>();
            _speaker.Configure(null, "marta", 50);
            Call(_client, "OnEnable");
        }

        [TearDown]
        public void Close()
        {
            Call(_client, "OnDisable");
        }

        [Test]
        public void ALineComesWithoutADaemon()
        {
            var replies = new List<NpcReply>();
            _speaker.OnFinished.AddListener(replies.Add);
            Task<NpcReply> task = _speaker.SayAsync("Hi");
            Assert.IsTrue(_speaker.IsSpeaking);
            UpdateUntil(() => task.IsCompleted);
            Assert.AreEqual("...", task.Result.Text);
            Assert.AreEqual(1, replies.Count);
            _speaker.Spoken();
            Call(_client, "Update");
        }

        [Test]
        public void ANewLineCancelsTheOldOneSilently()
        {
            var codes = new List<string>();
            _speaker.OnFailed.AddListener((code, message, recoverable) => codes.Add(code));
            Task<NpcReply> old = _speaker.SayAsync("Hi");
            _speaker.Say("Or rather:");
            Call(_client, "Update");
            Assert.IsTrue(old.IsCanceled);
            Assert.AreEqual(0, codes.Count);
            _speaker.Cancel();
            Call(_client, "Update");
            CollectionAssert.AreEqual(new[] { "cancelled" }, codes);
        }

        [Test]
        public void ATokenCancelsAndACancelledOneAsksNothing()
        {
            var source = new CancellationTokenSource();
            Task<NpcReply> task = _speaker.SayAsync("Hi", null, source.Token);
            source.Cancel();
            Call(_client, "Update");
            Assert.IsTrue(task.IsCanceled);
            NpcRequest request = _speaker.Request;
            Assert.IsTrue(_speaker.SayAsync("Hi", null, source.Token).IsCanceled);
            Assert.IsTrue(request == _speaker.Request);
        }

        [Test]
        public void WhatListenersThrowIsLoggedNotThrownIntoUpdate()
        {
            _speaker.OnFinished.AddListener(reply => { throw new InvalidOperationException("the game's fault"); });
            _speaker.Say("Hi");
            UpdateUntil(() => Debug.Logged.Count > 0);
            Assert.IsTrue(Debug.Logged[0].Contains("the game's fault"));
        }

        [Test]
        public void DisablingEndsEverythingAndEnablingBeginsAnew()
        {
            Task<NpcReply> task = _speaker.SayAsync("Hi");
            Call(_client, "OnDisable");
            Assert.IsTrue(task.IsCanceled);
            Assert.AreEqual(NpcState.Closed, _client.State);
            Call(_client, "OnEnable");
            Assert.AreEqual(NpcState.Connecting, _client.State);
            Call(_speaker, "OnDisable");
        }

        [Test]
        public void SettingsThatCannotBeUsedAreLogged()
        {
            Call(_client, "OnDisable");
            _client.Configure("tcp://example.com:1", "test");
            Call(_client, "OnEnable");
            Assert.IsTrue(Debug.Logged[0].Contains("not this machine"));
            Call(_client, "Update");
            Assert.Throws<InvalidOperationException>(() => _speaker.Say("Hi"));
        }

        private void UpdateUntil(Func<bool> happened)
        {
            while (!happened())
            {
                Call(_client, "Update");
                Thread.Sleep(1);
            }
        }

        private static void Call(object component, string method)
        {
            component.GetType().GetMethod(method, BindingFlags.Instance | BindingFlags.NonPublic).Invoke(component, null);
        }
    }
}
