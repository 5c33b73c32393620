using System;
using System.Collections.Generic;

namespace NpcEngine
{
    /// <summary>The requests under way: sends and resends them, reads what comes back, ends each exactly once. The
    /// session below may not be there yet, may break, and may come back as a new daemon.</summary>
    internal sealed partial class Exchange
    {
        /// <summary>The version of the protocol this client speaks.</summary>
        public const long Version = 1;

        /// <summary>Deadlines are held open for so many polls while replies may wait unread, as after a long frame. Polls,
        /// not time: while the game hangs, nothing is read.</summary>
        private const int BacklogPolls = 15;

        private static NpcError Closed => new NpcError(NpcErrorCode.Cancelled, "The client was closed.");

        private static NpcError Cancelled => new NpcError(NpcErrorCode.Cancelled, "The game cancelled this request.");

        private static NpcError Void => new NpcError(NpcErrorCode.Cancelled,
            "Its save slot has been loaded, begun anew or deleted meanwhile.");

        private static NpcError Unreachable => new NpcError(NpcErrorCode.DaemonUnreachable,
            "No daemon answers. Start one with `npc-engine serve`.");

        private readonly IClock _clock;
        private readonly Action _rename;
        private readonly News _news;
        private readonly OfflineLines _lines = new OfflineLines();
        private readonly List<NpcRequest> _open = new List<NpcRequest>();
        private readonly Queue<NpcRequest> _outbox = new Queue<NpcRequest>();
        private long _lastId;
        private int _backlog;

        /// <summary>`rename` gives the next greeting a new session name; `callbackFailed` is told what the game's callbacks
        /// throw, null lets it out of `Poll`.</summary>
        public Exchange(IClock clock, Action rename, Action<Exception> callbackFailed)
        {
            _clock = clock;
            _rename = rename;
            _news = new News(callbackFailed);
        }

        /// <summary>Null while there is no daemon to connect to yet.</summary>
        public NpcSession Session { get; set; }

        /// <summary>What the daemon last said of itself; null before its first welcome.</summary>
        public NpcDaemonInfo Daemon { get; private set; }

        /// <summary>The daemon's state, in its own word.</summary>
        public string Service { get; private set; } = NpcState.Loading;

        /// <summary>The last fault of the connection; empty if all is well.</summary>
        public string Fault { get; private set; } = "";

        public bool IsClosed { get; private set; }

        /// <summary>Take a new request, and send it if the daemon is there.</summary>
        public NpcRequest Add(string kind, Dictionary<string, object> fields)
        {
            long nowUs = _clock.NowUs;
            var request = new NpcRequest(++_lastId, kind, fields, nowUs, Cancel);
            _open.Add(request);
            NpcError objection = Objection(request, nowUs);
            if (objection != null)
            {
                End(request, objection);
                return request;
            }
            _outbox.Enqueue(request);
            Flush(nowUs);
            return request;
        }

        /// <summary>One round: read, keep the session alive, end what is overdue, send. Looks at the time between
        /// messages, and takes one at least.</summary>
        public void Poll(long endUs)
        {
            bool caughtUp = Read(endUs);
            CancelAsked();
            if (caughtUp)
            {
                long nowUs = _clock.NowUs;
                if (Session != null)
                    Session.Tick(nowUs);
                Expire(nowUs);
            }
            Flush(endUs);
            _news.Tell();
        }

        /// <summary>End every open request as cancelled and drop the connection. Idempotent.</summary>
        public void Close()
        {
            IsClosed = true;
            while (_open.Count > 0)
                End(_open[0], Closed);
            LoseSession();
            _news.Tell();
        }

        /// <summary>Drop the connection. Requests stay open, for the session that follows.</summary>
        public void LoseSession()
        {
            if (Session != null)
                Session.Close();
            Session = null;
        }

        private void Cancel(NpcRequest request)
        {
            if (request.IsEnded)
                return;
            SpareDaemon(request);
            End(request, Cancelled);
        }

        /// <summary>Why a new request need not be tried; null if it may.</summary>
        private NpcError Objection(NpcRequest request, long nowUs)
        {
            if (IsClosed)
                return Closed;
            if (Session != null && Session.Refusal != null)
                return Session.Refusal;
            NpcLimits limits = Daemon == null ? NpcLimits.Default : Daemon.Limits;
            if (request.PatienceMs < limits.BudgetMinMs || request.PatienceMs > limits.BudgetMaxMs)
                return new NpcError(NpcErrorCode.BudgetOutOfRange,
                    "`budget_ms` is outside " + limits.BudgetMinMs + " to " + limits.BudgetMaxMs + ".");
            try
            {
                byte[] frame = request.Frame(nowUs);
                if (frame == null || frame.Length <= limits.FrameBytes)
                    return null;
                return new NpcError(NpcErrorCode.BadMessage,
                    "The message takes " + frame.Length + " bytes; " + limits.FrameBytes + " are allowed.");
            }
            catch (FrameException cause)
            {
                return new NpcError(NpcErrorCode.BadMessage, cause.Message);
            }
        }

        /// <summary>Take messages until none waits or the time is up. Whether what was sent to us by now can be taken as
        /// read.</summary>
        private bool Read(long endUs)
        {
            while (Session != null)
            {
                ArraySegment<byte> message;
                if (Session.Receive(out message))
                    Take(message);
                else if (Session.IsIdle)
                    break;
                if (_clock.NowUs >= endUs)
                    return ++_backlog > BacklogPolls;
            }
            _backlog = 0;
            return true;
        }

        /// <summary>Cancel what a CancellationToken has asked for since the last round.</summary>
        private void CancelAsked()
        {
            for (int i = 0; i < _open.Count;)
            {
                if (_open[i].IsCancellationRequested)
                    Cancel(_open[i]);
                else
                    i++;
            }
        }

        /// <summary>End what the daemon has not.</summary>
        private void Expire(long nowUs)
        {
            for (int i = 0; i < _open.Count;)
            {
                if (nowUs < _open[i].DeadlineUs)
                {
                    i++;
                    continue;
                }
                SpareDaemon(_open[i]);
                EndUnanswered(_open[i]);
            }
        }

        /// <summary>End a request that the daemon leaves open. Nobody wrote lines for a conversation: it just stops.</summary>
        private void EndUnanswered(NpcRequest request)
        {
            if (RequestKinds.IsSpeech(request.Kind))
                End(request, LineFor(request));
            else if (request.Kind == "converse")
                End(request, new NpcReply(request.Turns.Count));
            else
                End(request, Unreachable);
        }

        /// <summary>The line a request ends with when the daemon does not answer. What is seen is not spoken.</summary>
        private NpcReply LineFor(NpcRequest request)
        {
            NpcReply line = _lines.Reply(request.Subject, CodePoints.First(request.Text, request.Published));
            return request.Kind == "describe" ? line.AsNarration() : line;
        }

        /// <summary>Have the daemon stop its work. Its answer is not waited for, and a loss does no harm.</summary>
        private void SpareDaemon(NpcRequest request)
        {
            if (Session == null || !request.IsSent)
                return;
            var message = new Dictionary<string, object> { { "t", "cancel" }, { "id", ++_lastId }, { "target", request.Id } };
            Session.Send(MessagePackWriter.Encode(message));
        }

        /// <summary>Send what is queued, one message at least, while there is time.</summary>
        private void Flush(long endUs)
        {
            while (_outbox.Count > 0 && Session != null && Session.IsGreeted)
            {
                long nowUs = _clock.NowUs;
                NpcRequest request = _outbox.Peek();
                byte[] frame = request.IsEnded ? null : request.Frame(nowUs);
                if (frame != null)
                {
                    if (!Session.Send(frame))
                        return;
                    request.Sent(frame);
                }
                _outbox.Dequeue();
                if (nowUs >= endUs)
                    return;
            }
        }

        private NpcRequest Find(long id)
        {
            for (int i = 0; i < _open.Count; i++)
            {
                if (_open[i].Id == id)
                    return _open[i];
            }
            return null;
        }

        private void End(NpcRequest request, NpcReply reply)
        {
            _open.Remove(request);
            request.End(reply);
            _news.Ended(request);
        }

        private void End(NpcRequest request, NpcError error)
        {
            _open.Remove(request);
            request.End(error);
            _news.Ended(request);
        }
    }
}
