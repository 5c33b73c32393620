using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace NpcEngine
{
    /// <summary>One request and what became of it. Its events come from `Poll`, on the game's own thread, and never
    /// before the call that made it has returned.</summary>
    public sealed class NpcRequest
    {
        /// <summary>How long after its budget a request may wait for the daemon's answer to travel.</summary>
        private const long GraceMs = 50;
        private const long DefaultTurns = 4;

        private readonly Dictionary<string, object> _fields;
        private readonly Action<NpcRequest> _cancel;
        private readonly List<NpcTurn> _turns = new List<NpcTurn>();
        private CancellationToken _cancellation = CancellationToken.None;
        private TaskCompletionSource<NpcReply> _task;
        private byte[] _frame;
        private long _lastSeq = -1;
        private bool _endTold;

        internal NpcRequest(long id, string kind, Dictionary<string, object> fields, long nowUs, Action<NpcRequest> cancel)
        {
            Id = id;
            Kind = kind;
            Subject = TextField(fields, "npc") ?? TextField(fields, "place") ?? "";
            Slot = RequestKinds.HasSlot(kind) ? TextField(fields, "slot") ?? RequestKinds.DefaultSlot : null;
            PatienceMs = RequestKinds.PatienceMs(kind, fields);
            _fields = fields;
            _cancel = cancel;
            WaitFrom(nowUs);
        }

        /// <summary>The text has grown, or another turn has come.</summary>
        public event Action<NpcRequest> Updated;

        /// <summary>It has ended, well or badly. Raised once.</summary>
        public event Action<NpcRequest> Ended;

        /// <summary>Counted upwards from 1.</summary>
        public long Id { get; }

        /// <summary>The message's type: "say", "bark" ...</summary>
        public string Kind { get; }

        /// <summary>The character or place it is about; empty if neither.</summary>
        public string Subject { get; }

        public NpcRequestState State { get; private set; }

        /// <summary>The text so far; after the end, the line. For `Describe` the narration.</summary>
        public string Text { get; private set; } = "";

        /// <summary>So many code points of `Text` will not change any more.</summary>
        public int Stable { get; private set; }

        /// <summary>The part of `Text` that will not change any more: safe to read aloud.</summary>
        public string StableText => CodePoints.First(Text, Stable);

        /// <summary>The lines so far of a conversation between characters.</summary>
        public IReadOnlyList<NpcTurn> Turns => _turns;

        /// <summary>The good end; null until then, and after a bad one.</summary>
        public NpcReply Reply { get; private set; }

        /// <summary>The bad end; null until then, and after a good one.</summary>
        public NpcError Error { get; private set; }

        public bool IsEnded => State == NpcRequestState.Done || State == NpcRequestState.Failed;

        /// <summary>The save slot it is about; null if none.</summary>
        internal string Slot { get; }

        /// <summary>How long it may take, milliseconds.</summary>
        internal long PatienceMs { get; }

        internal long DeadlineUs { get; private set; }

        /// <summary>Code points that the daemon has published as stable.</summary>
        internal int Published { get; private set; }

        /// <summary>A daemon may be working on it.</summary>
        internal bool IsSent => _frame != null && !IsEnded;

        /// <summary>The player may have seen part of the answer, so that it cannot begin anew.</summary>
        internal bool WasSeen => Published > 0 || _turns.Count > 0;

        internal bool IsCancellationRequested => _cancellation.IsCancellationRequested;

        /// <summary>End it with the error "cancelled". Does nothing once it has ended.</summary>
        public void Cancel()
        {
            _cancel(this);
        }

        /// <summary>Cancel it in the next `Poll` after the token asks for that, from whatever thread it does.</summary>
        public void CancelWhen(CancellationToken token)
        {
            _cancellation = token;
        }

        /// <summary>A task of its end. It throws NpcException if it fails, OperationCanceledException if it was
        /// cancelled. What awaits it runs on in `Poll`, on the game's own thread.</summary>
        public Task<NpcReply> AsTask()
        {
            if (_task == null)
            {
                _task = new TaskCompletionSource<NpcReply>();
                if (_endTold)
                    CompleteTask();
            }
            return _task.Task;
        }

        /// <summary>The bytes to send; null if too little of the budget is left. A first sending tells what is left of the
        /// budget by now; a resend repeats the first, byte for byte. Throws FrameException.</summary>
        internal byte[] Frame(long nowUs)
        {
            if (_frame != null)
                return _frame;
            long leftMs = (DeadlineUs - nowUs) / SystemClock.UsPerMs - GraceMs;
            if (leftMs < 1)
                return null;
            var message = new Dictionary<string, object>(_fields);
            message["t"] = Kind;
            message["id"] = Id;
            if (RequestKinds.HasBudget(_fields))
                message["budget_ms"] = leftMs;
            return MessagePackWriter.Encode(message);
        }

        internal void Sent(byte[] frame)
        {
            _frame = frame;
            if (State == NpcRequestState.Queued)
                State = NpcRequestState.Sent;
        }

        /// <summary>The daemon that knew it is gone: back to the queue.</summary>
        internal void Forgotten()
        {
            _frame = null;
            _lastSeq = -1;
            State = NpcRequestState.Queued;
            Text = "";
        }

        internal void Accepted()
        {
            if (State == NpcRequestState.Sent)
                State = NpcRequestState.Accepted;
        }

        /// <summary>Take an `update`; false if it is an old one. Throws FrameException.</summary>
        internal bool Update(Dictionary<string, object> message)
        {
            long seq = message.Integer("seq"), stable = message.Integer("stable");
            string text = message.Text("text");
            if (stable < 0 || stable > CodePoints.Count(text))
                throw new FrameException("`stable` is not a length within `text`");
            if (seq <= _lastSeq)
                return false;
            _lastSeq = seq;
            Text = text;
            Stable = Published = (int)stable;
            State = NpcRequestState.Streaming;
            return true;
        }

        /// <summary>Take a `turn`, and wait for the one after it; false if it is an old one, or one more than was asked
        /// for. Throws FrameException.</summary>
        internal bool Turn(Dictionary<string, object> message, long nowUs)
        {
            var turn = new NpcTurn(message);
            long last = _turns.Count == 0 ? 0 : _turns[_turns.Count - 1].Number;
            if (turn.Number <= last || turn.Number > RequestKinds.Integer(_fields, "turns", DefaultTurns))
                return false;
            _turns.Add(turn);
            WaitFrom(nowUs);
            State = NpcRequestState.Streaming;
            return true;
        }

        /// <summary>The good end. The exchange gives one end, once.</summary>
        internal void End(NpcReply reply)
        {
            Reply = reply;
            State = NpcRequestState.Done;
            Text = reply.Text.Length > 0 ? reply.Text : reply.Narration;
            Stable = CodePoints.Count(Text);
        }

        /// <summary>The bad end.</summary>
        internal void End(NpcError error)
        {
            Error = error;
            State = NpcRequestState.Failed;
        }

        internal void TellUpdated()
        {
            if (!IsEnded && Updated != null)
                Updated(this);
        }

        internal void TellEnded()
        {
            _endTold = true;
            if (_task != null)
                CompleteTask();
            if (Ended != null)
                Ended(this);
        }

        private void CompleteTask()
        {
            if (Reply != null)
            {
                _task.TrySetResult(Reply);
            }
            else if (Error.Code == NpcErrorCode.Cancelled)
            {
                _task.TrySetCanceled();
            }
            else
            {
                _task.TrySetException(new NpcException(Error));
                GC.KeepAlive(_task.Task.Exception); // looked at: a game that drops the task is not told of it at a collection
            }
        }

        private void WaitFrom(long nowUs)
        {
            DeadlineUs = nowUs + (PatienceMs + GraceMs) * SystemClock.UsPerMs;
        }

        private static string TextField(Dictionary<string, object> fields, string key)
        {
            object value;
            return fields.TryGetValue(key, out value) ? value as string : null;
        }
    }
}
