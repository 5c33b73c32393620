using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using NUnit.Framework;

namespace NpcEngine.Tests
{
    public sealed class RequestTests
    {
        [Test]
        public void ALineFormsAndEndsOnce()
        {
            Daemon daemon = Daemon.Greeted();
            NpcRequest request = daemon.Client.Say("marta", "Hi", 900, seed: 7);
            List<string> story = Follow(request);
            Dictionary<string, object> sent = daemon.Sent()[0];
            Assert.AreEqual(900L, sent["budget_ms"]);
            Assert.AreEqual(7L, sent["seed"]);
            daemon.Tell("accepted", "id", 1L);
            Assert.AreEqual(NpcRequestState.Accepted, request.State);
            daemon.Tell("update", "id", 1L, "seq", 2L, "text", "A\U0001F409 dr", "stable", 2L);
            daemon.Tell("update", "id", 1L, "seq", 1L, "text", "old", "stable", 0L);
            Assert.AreEqual("A\U0001F409", request.StableText);
            daemon.Tell("done", "id", 1L, "text", "A\U0001F409 dragon!", "source", "model", "emotion", "joy");
            daemon.Tell("done", "id", 1L, "text", "twice");
            daemon.Tell("update", "id", 1L, "seq", 9L, "text", "late", "stable", 0L);
            daemon.Tell("error", "id", 1L, "code", "internal", "message", "");
            daemon.PassMs(5000);
            CollectionAssert.AreEqual(new[] { "update A\U0001F409 dr", "ended A\U0001F409 dragon!" }, story);
            Assert.AreEqual(NpcEmotion.Joy, request.Reply.Emotion);
            Assert.AreEqual(10, request.Stable);
        }

        [Test]
        public void UnknownWordsOfANewerDaemonAreBorne()
        {
            Daemon daemon = Daemon.Greeted();
            NpcRequest request = daemon.Client.Say("marta", "Hi");
            daemon.Tell("fanfare", "id", 1L);
            daemon.Tell("done", "id", 1L, "text", "x", "emotion", "glee", "source", "oracle", "reason", "omen",
                "aura", new object[0]);
            Assert.AreEqual(NpcEmotion.Neutral, request.Reply.Emotion);
            Assert.AreEqual(NpcSource.Authored, request.Reply.Source);
            Assert.AreEqual("omen", request.Reply.Reason);
            Assert.AreEqual("", daemon.Client.Problem);
        }

        [Test]
        public void BadMessagesChangeNothing()
        {
            Daemon daemon = Daemon.Greeted();
            NpcRequest request = daemon.Client.Say("marta", "Hi");
            daemon.Tell("done", "id", 1L, "text", 7L);
            daemon.Tell("done");
            daemon.Tell("update", "id", 1L, "seq", 1L, "text", "ab", "stable", 3L);
            daemon.Tell("update", "id", 1L, "seq", 1L, "text", "ab");
            daemon.Tell("welcome", "v", 1L, "daemon", "0", "pack", "p", "state", "down", "authored", 1L);
            daemon.Transport.Incoming.Enqueue(new byte[] { 0xc1 });
            daemon.PassMs(0);
            Assert.IsFalse(request.IsEnded);
            Assert.AreEqual("", request.Text);
            Assert.AreEqual(NpcState.Ready, daemon.Client.State);
            Assert.IsTrue(daemon.Client.Problem.Contains("no message"));
            daemon.Tell("done", "id", 1L, "text", "Fine.");
            Assert.AreEqual("Fine.", request.Text);
        }

        [Test]
        public void AResendIsTheSameBytesAndTheUpdatesGoOn()
        {
            Daemon daemon = Daemon.Greeted();
            NpcRequest request = daemon.Client.Say("marta", "Hi", 1500);
            daemon.Tell("update", "id", 1L, "seq", 3L, "text", "Even", "stable", 4L);
            daemon.Clock.PassMs(400);
            byte[] first = daemon.Transport.Sent[daemon.Transport.Sent.Count - 1];
            daemon.Break();
            daemon.Welcome(resumed: true);
            byte[] second = daemon.Transport.Sent[daemon.Transport.Sent.Count - 1];
            Assert.AreEqual(Hex.Text(first), Hex.Text(second));
            daemon.Tell("update", "id", 1L, "seq", 2L, "text", "old", "stable", 0L);
            Assert.AreEqual("Even", request.Text);
            daemon.Tell("done", "id", 1L, "text", "Evening.");
            Assert.AreEqual("Evening.", request.Reply.Text);
        }

        [Test]
        public void ANewDaemonGetsUnseenRequestsAnewAndSeenOnesEnd()
        {
            Daemon daemon = Daemon.Greeted();
            NpcRequest seen = daemon.Client.Say("marta", "Hi", 1500), unseen = daemon.Client.Say("bram", "Hi", 1500);
            daemon.Tell("update", "id", 1L, "seq", 1L, "text", "Evening, lov", "stable", 8L);
            daemon.Sent();
            daemon.Clock.PassMs(400);
            daemon.Break();
            daemon.Welcome();
            List<Dictionary<string, object>> sent = daemon.Sent();
            Assert.AreEqual("hello say", sent[0]["t"] + " " + sent[1]["t"]);
            Assert.AreEqual(1100L, sent[1]["budget_ms"]);
            Assert.AreEqual("Evening,...", seen.Reply.Text);
            Assert.AreEqual(NpcSource.Partial, seen.Reply.Source);
            Assert.IsFalse(unseen.IsEnded);
        }

        [Test]
        public void ASecondWelcomeSendsNothingTwice()
        {
            Daemon daemon = Daemon.Greeted();
            daemon.Client.Say("marta", "Hi");
            daemon.Sent();
            daemon.Welcome(resumed: true);
            Assert.AreEqual(0, daemon.Sent().Count);
        }

        [Test]
        public void WithoutADaemonSpeechIsAuthoredAndTheRestFails()
        {
            Daemon daemon = Daemon.Greeted();
            NpcRequest say = daemon.Client.Say("marta", "Hi", 1000), again = daemon.Client.Bark("marta", budgetMs: 1000);
            NpcRequest stranger = daemon.Client.Say("nobody", "Hi", 1000), health = daemon.Client.Health();
            daemon.PassMs(1049);
            Assert.IsFalse(say.IsEnded);
            daemon.PassMs(1);
            Assert.AreEqual("Hold that thought, love.", say.Reply.Text);
            Assert.AreEqual(NpcReason.Offline, say.Reply.Reason);
            Assert.AreEqual("Later.", again.Reply.Text);
            Assert.AreEqual("...", stranger.Reply.Text);
            Assert.IsFalse(health.IsEnded);
            daemon.PassMs(1000);
            Assert.AreEqual("daemon_unreachable", health.Error.Code);
            Assert.IsTrue(health.Error.IsRecoverable);
        }

        [Test]
        public void AConversationHasItsBudgetForEveryLine()
        {
            Daemon daemon = Daemon.Greeted();
            NpcRequest talk = daemon.Client.Converse(new[] { "marta", "bram" }, turns: 2, budgetMs: 1000);
            daemon.PassMs(900);
            daemon.Tell("turn", "id", 1L, "n", 1L, "npc", "marta", "text", "One.");
            daemon.Tell("turn", "id", 1L, "n", 1L, "npc", "marta", "text", "One again.");
            daemon.PassMs(1000);
            daemon.Tell("turn", "id", 1L, "n", 2L, "npc", "bram", "text", "Two.");
            daemon.Tell("turn", "id", 1L, "n", 3L, "npc", "bram", "text", "One too many.");
            daemon.PassMs(1050);
            Assert.AreEqual(2, talk.Turns.Count);
            Assert.AreEqual(2L, talk.Reply.Data["turns"]);
            Assert.AreEqual(NpcReason.Offline, talk.Reply.Reason);
        }

        [Test]
        public void CancelEndsHereAtOnceAndTellsTheDaemonOnlyOfWhatItHas()
        {
            var daemon = new Daemon();
            NpcRequest queued = daemon.Client.Say("marta", "Hi");
            queued.Cancel();
            daemon.PassMs(0);
            daemon.Welcome();
            CollectionAssert.AreEqual(new[] { "hello" }, daemon.SentTypes());
            NpcRequest sent = daemon.Client.Say("marta", "Hi");
            List<string> story = Follow(sent);
            sent.Cancel();
            Assert.AreEqual("cancelled", sent.Error.Code);
            sent.Cancel();
            daemon.PassMs(0);
            CollectionAssert.AreEqual(new[] { "say", "cancel" }, daemon.SentTypes());
            daemon.Tell("error", "id", sent.Id, "code", "cancelled", "message", "");
            CollectionAssert.AreEqual(new[] { "failed cancelled" }, story);
            Assert.AreEqual("cancelled", queued.Error.Code);
        }

        [Test]
        public void ATokenCancelsInThePollAfterIt()
        {
            Daemon daemon = Daemon.Greeted();
            NpcRequest request = daemon.Client.Say("marta", "Hi");
            var source = new CancellationTokenSource();
            request.CancelWhen(source.Token);
            Task<NpcReply> task = request.AsTask();
            source.Cancel();
            Assert.IsFalse(request.IsEnded);
            daemon.PassMs(0);
            Assert.IsTrue(task.IsCanceled);
        }

        [Test]
        public void TasksEndAsTheRequestDoes()
        {
            Daemon daemon = Daemon.Greeted();
            Task<NpcReply> good = daemon.Client.Say("marta", "Hi").AsTask(), bad = daemon.Client.Say("martha", "Hi").AsTask();
            NpcRequest late = daemon.Client.Say("marta", "Hi");
            daemon.Tell("done", "id", 1L, "text", "Evening.");
            daemon.Tell("error", "id", 2L, "code", "unknown_npc", "message", "no");
            daemon.Tell("done", "id", 3L, "text", "Late.");
            Assert.AreEqual("Evening.", good.Result.Text);
            Assert.AreEqual("unknown_npc", ((NpcException)bad.Exception.InnerException).Error.Code);
            Assert.AreEqual("Late.", late.AsTask().Result.Text);
        }

        [Test]
        public void WhatCallbacksThrowStaysOutOfPollAndOthersAreTold()
        {
            Daemon daemon = Daemon.Greeted();
            NpcRequest first = daemon.Client.Say("marta", "Hi"), second = daemon.Client.Say("bram", "Hi");
            first.Ended += ended => { throw new InvalidOperationException("the game's fault"); };
            List<string> story = Follow(second);
            daemon.PassMs(1550);
            Assert.AreEqual("the game's fault", daemon.Thrown[0].Message);
            CollectionAssert.AreEqual(new[] { "ended ..." }, story);
        }

        [Test]
        public void ACallbackMayAskCancelPollAndClose()
        {
            Daemon daemon = Daemon.Greeted();
            NpcRequest first = daemon.Client.Say("marta", "Hi"), other = daemon.Client.Say("bram", "Hi");
            NpcRequest next = null;
            first.Updated += updated => { other.Cancel(); daemon.Client.Poll(); };
            first.Ended += ended => { next = daemon.Client.Say("marta", "And?"); daemon.Client.Close(); };
            daemon.Transport.Incoming.Enqueue(Daemon.Frame("update", "id", 1L, "seq", 1L, "text", "a", "stable", 0L));
            daemon.Tell("done", "id", 1L, "text", "a");
            Assert.AreEqual("cancelled", other.Error.Code);
            Assert.AreEqual("cancelled", next.Error.Code);
            Assert.AreEqual(0, daemon.Thrown.Count);
            Assert.IsTrue(daemon.Transport.IsClosed);
            daemon.Client.Poll();
            Assert.AreEqual(NpcState.Closed, daemon.Client.State);
            Assert.AreEqual("cancelled", daemon.Client.Health().Error.Code);
        }

        [Test]
        public void WhatTheLimitsForbidFailsHere()
        {
            Daemon daemon = Daemon.Greeted();
            foreach (int budget in new[] { int.MinValue, -1, 0, 600001 })
                Assert.AreEqual("budget_out_of_range", daemon.Client.Say("marta", "Hi", budget).Error.Code);
            Assert.AreEqual("bad_message", daemon.Client.Say("marta", "\ud83d").Error.Code);
            Assert.AreEqual("bad_message", daemon.Client.Event(new string('x', 1 << 20)).Error.Code);
            Assert.AreEqual("bad_message", Unknown(daemon, new object()).Error.Code);
            Assert.AreEqual(0, daemon.Sent().Count);
            Assert.IsNull(Unknown(daemon, long.MaxValue >> 10).Error);
        }

        [Test]
        public void ALoadedSaveVoidsWhatWasAskedBefore()
        {
            Daemon daemon = Daemon.Greeted();
            NpcRequest old = daemon.Client.Say("marta", "Hi"), elsewhere = daemon.Client.Say("marta", "Hi", slot: "two");
            NpcRequest load = daemon.Client.SaveImport(new byte[] { 1, 2, 3 }), next = daemon.Client.Say("marta", "Hi");
            Assert.AreEqual("AQID", (string)daemon.Sent()[2]["blob"]);
            daemon.Tell("done", "id", load.Id, "epoch", 2L);
            Assert.AreEqual("cancelled", old.Error.Code);
            Assert.IsFalse(elsewhere.IsEnded || next.IsEnded);
        }

        [Test]
        public void OfALineEndedHereOnlyThePublishedPartCanBeHeard()
        {
            Daemon daemon = Daemon.Greeted();
            NpcRequest line = daemon.Client.Say("marta", "Hi", 100);
            daemon.Tell("update", "id", 1L, "seq", 1L, "text", "Evening, lov", "stable", 8L);
            daemon.PassMs(150);
            Assert.AreEqual("Evening,...", line.Text);
            daemon.Sent();
            daemon.Client.Spoken(line);
            daemon.Client.Spoken(line, 3);
            daemon.Client.Spoken(line, 99);
            CollectionAssert.AreEqual(new[] { 8L, 3L, 8L }, daemon.Sent().ConvertAll(message => (long)message["heard"]));
        }

        [Test]
        public void AFullSocketKeepsTheQueue()
        {
            Daemon daemon = Daemon.Greeted();
            daemon.Transport.IsFull = true;
            NpcRequest request = daemon.Client.Say("marta", "Hi", 1000);
            Assert.AreEqual(NpcRequestState.Queued, request.State);
            daemon.PassMs(300);
            daemon.Transport.IsFull = false;
            daemon.PassMs(0);
            Assert.AreEqual(700L, daemon.Sent()[0]["budget_ms"]);
        }

        [Test]
        public void UnreadRepliesHoldADeadlineOpenButNotForEver()
        {
            Daemon daemon = Daemon.Greeted();
            NpcRequest answered = daemon.Client.Say("marta", "Hi", 1000), open = daemon.Client.Say("bram", "Hi", 1000);
            for (int i = 0; i < 40; i++)
                daemon.Transport.Incoming.Enqueue(Daemon.Frame(i == 3 ? "done" : "pong", "id", 1L, "text", "In time."));
            daemon.Client.Poll(0); // the time is up after one message
            daemon.Clock.PassMs(60000);
            for (int i = 0; i < 14; i++)
                daemon.Client.Poll(0);
            Assert.AreEqual("In time.", answered.Reply.Text);
            Assert.IsFalse(open.IsEnded);
            daemon.Client.Poll(0);
            Assert.AreEqual(NpcReason.Offline, open.Reply.Reason);
        }

        private static NpcRequest Unknown(Daemon daemon, object value)
        {
            return daemon.Client.Request("new.type", new Dictionary<string, object> { { "value", value } });
        }

        private static List<string> Follow(NpcRequest request)
        {
            var story = new List<string>();
            request.Updated += updated => story.Add("update " + updated.Text);
            request.Ended += ended => story.Add(ended.Error == null ? "ended " + ended.Text : "failed " + ended.Error.Code);
            return story;
        }
    }
}
