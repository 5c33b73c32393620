using System;
using System.Collections.Generic;

namespace NpcEngine
{
    /// <summary>Greets the daemon on every new connection, keeps the link warm, and notices when either has to happen
    /// again. Knows nothing of requests.</summary>
    internal sealed class NpcSession
    {
        /// <summary>A `hello` without answer is repeated after this long.</summary>
        private const long HelloRetryUs = 2000 * SystemClock.UsPerMs;
        /// <summary>So many unanswered in a row, and the connection is made anew: it may be a dead one.</summary>
        private const int HellosPerLink = 2;
        /// <summary>A ping without any sign of life for this many heartbeats means that the daemon is gone.</summary>
        private const int SilentHeartbeats = 3;
        /// <summary>Bounds on the daemon's wish for a heartbeat.</summary>
        private const long HeartbeatMinMs = 100;
        private const long HeartbeatMaxMs = 60000;

        private readonly ITransport _transport;
        private readonly Func<byte[]> _hello;
        private int _link;
        private long _helloUs;
        private int _unansweredHellos;
        private long _heartbeatUs = HeartbeatMaxMs * SystemClock.UsPerMs;
        private long _pingUs;
        private long _pings;
        private long? _unansweredUs;

        public NpcSession(ITransport transport, Func<byte[]> hello, long nowUs)
        {
            _transport = transport;
            _hello = hello;
            _helloUs = LostUs = nowUs;
        }

        /// <summary>From `welcome` until the connection or the daemon is lost: only then may requests be sent.</summary>
        public bool IsGreeted { get; private set; }

        /// <summary>Why the daemon will not have this client; null while that is not so.</summary>
        public NpcError Refusal { get; private set; }

        /// <summary>When the daemon was lost.</summary>
        public long LostUs { get; private set; }

        /// <summary>Why there is no connection; empty if none is known.</summary>
        public string Problem => _transport.Problem;

        /// <summary>All that has come so far has been received.</summary>
        public bool IsIdle => _transport.IsIdle;

        /// <summary>The next message, if one waits. Any message is a sign of life.</summary>
        public bool Receive(out ArraySegment<byte> message)
        {
            if (!_transport.Receive(out message))
                return false;
            _unansweredUs = null;
            _unansweredHellos = 0;
            return true;
        }

        /// <summary>Send, if the daemon has greeted us; false if the message was not taken.</summary>
        public bool Send(byte[] message)
        {
            return IsGreeted && _transport.Send(message);
        }

        /// <summary>The daemon knows us.</summary>
        public void Welcome(long heartbeatMs, long nowUs)
        {
            IsGreeted = true;
            Refusal = null;
            _heartbeatUs = Math.Min(Math.Max(heartbeatMs, HeartbeatMinMs), HeartbeatMaxMs) * SystemClock.UsPerMs;
            _pingUs = nowUs + _heartbeatUs;
        }

        /// <summary>The daemon no longer knows us: greet it again. While that is under way, does nothing.</summary>
        public void Lose(long nowUs)
        {
            if (!IsGreeted)
                return;
            IsGreeted = false;
            LostUs = _helloUs = nowUs;
            _unansweredUs = null;
        }

        /// <summary>The daemon will not have us. The greeting is still repeated: its token may have been another's.</summary>
        public void Refuse(NpcError refusal, long nowUs)
        {
            Lose(nowUs);
            Refusal = refusal;
            _helloUs = nowUs + HelloRetryUs;
        }

        /// <summary>Do what is due. Called when no message waits, so that silence means silence.</summary>
        public void Tick(long nowUs)
        {
            _transport.Tick(nowUs);
            if (_transport.Link != _link)
            {
                _link = _transport.Link;
                Lose(nowUs);
                Refusal = null;
                _helloUs = nowUs;
                _unansweredHellos = 0;
            }
            if (_link == 0)
                return;
            if (IsGreeted && nowUs - _unansweredUs >= SilentHeartbeats * _heartbeatUs)
                Lose(nowUs);
            if (!IsGreeted && nowUs >= _helloUs)
                Greet(nowUs);
            else if (IsGreeted && nowUs >= _pingUs)
                Ping(nowUs);
        }

        public void Close()
        {
            _transport.Close();
        }

        private void Greet(long nowUs)
        {
            if (_unansweredHellos >= HellosPerLink)
            {
                _transport.Reopen(nowUs, "the daemon does not answer");
                return;
            }
            _transport.Send(_hello());
            _unansweredHellos++;
            _helloUs = nowUs + HelloRetryUs;
        }

        private void Ping(long nowUs)
        {
            _pings++;
            _transport.Send(MessagePackWriter.Encode(new Dictionary<string, object> { { "t", "ping" }, { "n", _pings } }));
            _pingUs = nowUs + _heartbeatUs;
            _unansweredUs = _unansweredUs ?? nowUs;
        }
    }
}
