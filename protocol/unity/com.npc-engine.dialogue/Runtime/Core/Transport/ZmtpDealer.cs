using System;
using System.Net;

namespace NpcEngine
{
    /// <summary>A ZeroMQ DEALER in plain C#: it connects, and connects again when the link breaks, after 100 ms, then
    /// twice as long each time up to 5 s, each with a random quarter on top.</summary>
    internal sealed class ZmtpDealer : ITransport
    {
        private const int RetryMinMs = 100;
        private const int RetryMaxMs = 5000;

        private readonly IPEndPoint _endPoint;
        private readonly long _maxFrameBytes;
        private readonly Random _random = new Random();
        private ZmtpLink _link;
        private int _links;
        private bool _wasUp;
        private bool _closed;
        private int _retryMs = RetryMinMs;
        private long _retryUs;

        public ZmtpDealer(IPEndPoint endPoint, long maxFrameBytes)
        {
            _endPoint = endPoint;
            _maxFrameBytes = maxFrameBytes;
        }

        public int Link => _link != null && _link.IsUp ? _links : 0;

        public string Problem { get; private set; } = "";

        public bool IsIdle => _link == null || _link.IsIdle;

        public bool Receive(out ArraySegment<byte> message)
        {
            message = default(ArraySegment<byte>);
            if (_link == null)
                return false;
            bool found = _link.Receive(out message);
            if (found)
                _retryMs = RetryMinMs; // only now: a peer that drops every link after the handshake is not asked in a hurry
            if (_link.IsUp && !_wasUp)
            {
                _wasUp = true;
                _links++;
            }
            return found;
        }

        public bool Send(byte[] message)
        {
            return _link != null && _link.Send(message);
        }

        public void Tick(long nowUs)
        {
            if (_link != null)
            {
                _link.Tick(nowUs);
                if (_link.IsBroken)
                    Retry(nowUs);
            }
            else if (!_closed && nowUs >= _retryUs)
            {
                _wasUp = false;
                _link = new ZmtpLink(_endPoint, _maxFrameBytes, nowUs);
            }
        }

        public void Reopen(long nowUs, string problem)
        {
            if (_link == null)
                return;
            _link.Break(problem);
            Retry(nowUs);
        }

        public void Close()
        {
            _closed = true;
            if (_link != null)
                _link.Break("");
            _link = null;
        }

        private void Retry(long nowUs)
        {
            Problem = _link.Problem;
            _link = null;
            _retryUs = nowUs + (_retryMs + _random.Next(_retryMs / 4 + 1)) * SystemClock.UsPerMs;
            _retryMs = Math.Min(2 * _retryMs, RetryMaxMs);
        }
    }
}
