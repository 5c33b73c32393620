using System.Collections.Generic;
using NUnit.Framework;

namespace NpcEngine.Tests
{
    public sealed class SessionTests
    {
        [Test]
        public void TheGreetingComesFirstAndOnce()
        {
            var daemon = new Daemon();
            daemon.Client.Say("marta", "Hi");
            daemon.PassMs(10);
            daemon.PassMs(10);
            CollectionAssert.AreEqual(new[] { "hello" }, daemon.SentTypes());
            Assert.AreEqual(NpcState.Connecting, daemon.Client.State);
            daemon.Welcome();
            CollectionAssert.AreEqual(new[] { "say" }, daemon.SentTypes());
            Assert.AreEqual(NpcState.Ready, daemon.Client.State);
        }

        [Test]
        public void EveryNewConnectionIsGreetedWithTheSameSession()
        {
            Daemon daemon = Daemon.Greeted();
            daemon.Break();
            string first = (string)daemon.Sent()[0]["session"];
            daemon.Welcome(resumed: true);
            daemon.Break();
            Assert.AreEqual(2, daemon.Transport.Link);
            daemon.Transport.Link = 3;
            daemon.PassMs(1);
            Assert.AreEqual(first, (string)daemon.Sent()[0]["session"]);
        }

        [Test]
        public void AnUnansweredGreetingIsRepeatedThenTheLinkIsMadeAnew()
        {
            var daemon = new Daemon();
            daemon.PassMs(0);
            daemon.PassMs(2000);
            CollectionAssert.AreEqual(new[] { "hello", "hello" }, daemon.SentTypes());
            daemon.PassMs(2000);
            Assert.AreEqual(1, daemon.Transport.Reopened);
        }

        [Test]
        public void ASilentDaemonIsGreetedAgain()
        {
            Daemon daemon = Daemon.Greeted();
            for (int i = 0; i < 4; i++)
                daemon.PassMs(2000);
            CollectionAssert.AreEqual(new[] { "ping", "ping", "ping", "hello" }, daemon.SentTypes());
            Assert.IsFalse(daemon.Client.IsConnected);
        }

        [Test]
        public void AnyAnswerIsASignOfLife()
        {
            Daemon daemon = Daemon.Greeted();
            for (int i = 1; i < 9; i++)
            {
                daemon.PassMs(2000);
                daemon.Tell("pong", "n", (long)i);
            }
            Assert.IsTrue(daemon.Client.IsConnected);
        }

        [Test]
        public void AGameThatHungReadsBeforeItJudges()
        {
            Daemon daemon = Daemon.Greeted();
            NpcRequest request = daemon.Client.Say("marta", "Hi", 1000);
            daemon.PassMs(2000 - 1001);
            daemon.Clock.PassMs(60000);
            daemon.Tell("done", "id", 1L, "text", "In time.", "source", "model");
            Assert.AreEqual("In time.", request.Reply.Text);
        }

        [Test]
        public void HelloFirstAndSessionTakenGreetAgain()
        {
            Daemon daemon = Daemon.Greeted();
            NpcRequest request = daemon.Client.Say("marta", "Hi");
            daemon.Sent();
            daemon.Tell("error", "code", "hello_first", "message", "", "ref", 1L);
            string session = (string)daemon.Sent()[0]["session"];
            daemon.Welcome();
            CollectionAssert.AreEqual(new[] { "say" }, daemon.SentTypes());
            daemon.Tell("error", "code", "session_taken", "message", "");
            Assert.IsFalse(session == (string)daemon.Sent()[0]["session"], "the same session after it was taken");
            Assert.IsFalse(request.IsEnded);
        }

        [Test]
        public void ARefusalFailsOldAndNewRequestsAndIsRetried()
        {
            var daemon = new Daemon();
            NpcRequest early = daemon.Client.Say("marta", "Hi");
            daemon.PassMs(0);
            daemon.Tell("error", "code", "unauthorised", "message", "Wrong token.");
            NpcRequest late = daemon.Client.Health();
            daemon.PassMs(0);
            Assert.AreEqual("unauthorised", early.Error.Code);
            Assert.AreEqual("unauthorised", late.Error.Code);
            Assert.AreEqual(NpcState.Refused, daemon.Client.State);
            Assert.AreEqual("Wrong token.", daemon.Client.Problem);
            daemon.PassMs(2000);
            CollectionAssert.AreEqual(new[] { "hello", "hello" }, daemon.SentTypes());
            daemon.Welcome();
            Assert.AreEqual(NpcState.Ready, daemon.Client.State);
        }

        [Test]
        public void AForeignVersionIsRefused()
        {
            var daemon = new Daemon();
            daemon.PassMs(0);
            daemon.Tell("welcome", "v", 2L, "daemon", "9", "pack", "p", "state", "ready");
            Assert.AreEqual(NpcState.Refused, daemon.Client.State);
            Assert.AreEqual("version_unsupported", Ended(daemon, daemon.Client.Health()).Error.Code);
        }

        [Test]
        public void WhyThereIsNoModelIsTold()
        {
            Daemon daemon = Daemon.Greeted();
            Assert.AreEqual("", daemon.Client.Problem);
            daemon.Tell("status", "state", "down", "detail", "engine_failed: needs 96 GiB");
            Assert.AreEqual("engine_failed: needs 96 GiB", daemon.Client.Problem);
            daemon.Tell("status", "state", "ready");
            Assert.AreEqual("", daemon.Client.Problem);
        }

        [Test]
        public void TheDaemonsStateIsTold()
        {
            Daemon daemon = Daemon.Greeted();
            daemon.Tell("status", "state", "loading", "progress", 0.5, "detail", "weights");
            Assert.AreEqual("loading", daemon.Client.State);
            Assert.AreEqual(0.5, daemon.Client.Daemon.Progress);
            daemon.Tell("status", "state", "dreaming");
            Assert.AreEqual("dreaming", daemon.Client.State);
            daemon.Tell("pack", "pack", "p", "digest", "", "npcs", new Dictionary<string, object> { { "a", "A" } });
            Assert.AreEqual("A", daemon.Client.Daemon.Npcs["a"]);
            daemon.Transport.Link = 0;
            daemon.PassMs(0);
            Assert.AreEqual(NpcState.Connecting, daemon.Client.State);
            daemon.PassMs(3000);
            Assert.AreEqual(NpcState.Offline, daemon.Client.State);
        }

        private static NpcRequest Ended(Daemon daemon, NpcRequest request)
        {
            daemon.PassMs(0);
            return request;
        }
    }
}
