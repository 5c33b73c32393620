using System;
using System.Net;
using System.Net.Sockets;

namespace NpcEngine
{
    /// <summary>One TCP connection to a daemon, from the first byte to the last. It never blocks and never throws: what
    /// goes wrong breaks it, and `Problem` says why.</summary>
    internal sealed class ZmtpLink
    {
        /// <summary>Time to connect, and again for the handshake.</summary>
        private const long HandshakeUs = 2000 * SystemClock.UsPerMs;
        private const int ChunkBytes = 64 * 1024;
        /// <summary>With more than this still to be sent, no further message is taken.</summary>
        private const int BacklogBytes = 2 * 1024 * 1024;

        private readonly ZmtpPeer _peer;
        private Socket _socket;
        private bool _connected;
        private long _deadlineUs;

        public ZmtpLink(IPEndPoint endPoint, long maxFrameBytes, long nowUs)
        {
            _peer = new ZmtpPeer(maxFrameBytes);
            _deadlineUs = nowUs + HandshakeUs;
            try
            {
                _socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                _socket.Blocking = false;
                _socket.NoDelay = true;
                _socket.Connect(endPoint);
            }
            catch (SocketException cause)
            {
                if (!IsUnderWay(cause.SocketErrorCode))
                    Break("no daemon answers: " + cause.SocketErrorCode);
            }
            catch (NotSupportedException cause)
            {
                Break("this platform has no sockets: " + cause.Message);
            }
        }

        /// <summary>Why it broke; empty while it has not.</summary>
        public string Problem { get; private set; } = "";

        public bool IsBroken => _socket == null;

        public bool IsUp => _socket != null && _peer.IsEstablished;

        /// <summary>The last `Receive` found that nothing more has come.</summary>
        public bool IsIdle { get; private set; } = true;

        /// <summary>The next message, if it is complete. Reads one chunk at most.</summary>
        public bool Receive(out ArraySegment<byte> message)
        {
            message = default(ArraySegment<byte>);
            IsIdle = true;
            if (IsBroken || !_connected)
                return false;
            if (Next(out message))
            {
                IsIdle = false;
                return true;
            }
            if (IsBroken || !Read())
                return false;
            IsIdle = false;
            return Next(out message);
        }

        /// <summary>Hand over a message; false if it was not taken.</summary>
        public bool Send(byte[] message)
        {
            if (!IsUp || _peer.Output.Count > BacklogBytes)
                return false;
            _peer.Output.Append(Zmtp.Frame(message, 0));
            Push();
            return true;
        }

        /// <summary>Send what waits, and give up a handshake that takes too long.</summary>
        public void Tick(long nowUs)
        {
            if (IsBroken)
                return;
            if (!_connected)
                FinishConnecting(nowUs);
            if (_connected)
                Push();
            if (!IsBroken && !IsUp && nowUs >= _deadlineUs)
                Break(_connected ? "whoever listens there does not finish the handshake" : "no daemon answers");
        }

        public void Break(string problem)
        {
            if (_socket == null)
                return;
            _socket.Close();
            _socket = null;
            Problem = problem;
        }

        private void FinishConnecting(long nowUs)
        {
            try
            {
                bool failed = _socket.Poll(0, SelectMode.SelectError);
                if (!failed && !_socket.Poll(0, SelectMode.SelectWrite))
                    return;
                int error = (int)_socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error);
                if (failed || error != 0)
                {
                    Break("no daemon answers");
                    return;
                }
                _connected = true;
                _deadlineUs = nowUs + HandshakeUs;
            }
            catch (SocketException)
            {
                Break("no daemon answers");
            }
        }

        private bool Next(out ArraySegment<byte> message)
        {
            try
            {
                bool found = _peer.Next(out message);
                if (_peer.Output.Count > 0)
                    Push();
                return found;
            }
            catch (FrameException cause)
            {
                message = default(ArraySegment<byte>);
                Break(cause.Message);
                return false;
            }
        }

        /// <summary>Whether anything came.</summary>
        private bool Read()
        {
            ArraySegment<byte> room = _peer.Input.Room(ChunkBytes);
            SocketError error;
            int count = _socket.Receive(room.Array, room.Offset, room.Count, SocketFlags.None, out error);
            if (IsUnderWay(error))
                return false;
            if (error != SocketError.Success || count == 0)
            {
                Break("the daemon closed the connection");
                return false;
            }
            _peer.Input.Commit(count);
            return true;
        }

        private void Push()
        {
            while (_socket != null && _peer.Output.Count > 0)
            {
                ArraySegment<byte> waiting = _peer.Output.Slice(0, _peer.Output.Count);
                SocketError error;
                int count = _socket.Send(waiting.Array, waiting.Offset, waiting.Count, SocketFlags.None, out error);
                if (IsUnderWay(error) || error == SocketError.NoBufferSpaceAvailable)
                    return;
                if (error != SocketError.Success)
                    Break("the daemon closed the connection");
                else
                    _peer.Output.Consume(count);
            }
        }

        private static bool IsUnderWay(SocketError error)
        {
            return error == SocketError.WouldBlock || error == SocketError.InProgress || error == SocketError.IOPending
                || error == SocketError.Interrupted;
        }
    }
}
