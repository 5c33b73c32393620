using System;
using System.Collections.Generic;
using System.Net;

namespace NpcEngine
{
    /// <summary>Talks to a daemon without ever blocking the game: ask, `Poll` once a frame, look at what became of it. Used
    /// from one thread, the one that calls `Poll`. It needs no Unity; in Unity, NpcClient holds one.</summary>
    public sealed partial class NpcConnection : IDisposable
    {
        /// <summary>Time one `Poll` may take unless told otherwise: 3 % of a frame at 60 Hz.</summary>
        public const double DefaultPollMs = 0.5;

        /// <summary>Without a daemon for this long, the state is "offline" and no longer "connecting".</summary>
        private const long ConnectPatienceUs = 3000 * SystemClock.UsPerMs;
        /// <summary>A daemon of the game's own that dies is started again, unless it served for less than this.</summary>
        private const long ServedUs = 5000 * SystemClock.UsPerMs;
        private const int NameChars = 128;

        private readonly IClock _clock;
        private readonly Exchange _exchange;
        private readonly NpcSettings _settings;
        private readonly DaemonProcess _process;
        private readonly Func<IPEndPoint, ITransport> _connect;
        private string _session;
        private string _ended = "";
        private long? _servedUs;
        private bool _polling;

        /// <summary>Throws ArgumentException if the address or the game's name cannot be used.</summary>
        public NpcConnection(NpcSettings settings)
            : this(settings, new SystemClock(), endPoint => new ZmtpDealer(endPoint, NpcLimits.DefaultFrameBytes))
        {
        }

        /// <summary>`clock` and `connect` are replaced in tests.</summary>
        internal NpcConnection(NpcSettings settings, IClock clock, Func<IPEndPoint, ITransport> connect)
        {
            _settings = settings;
            _clock = clock;
            _connect = connect;
            CheckName(settings.Game, "game");
            CheckName(settings.Client, "client");
            Rename();
            _exchange = new Exchange(clock, Rename, settings.CallbackFailed);
            if (settings.Launch != null)
                _process = new DaemonProcess(settings.Launch);
            else
                Attach(settings.Address, settings.TokenFile);
        }

        /// <summary>What the daemon last said of itself; null before its first welcome.</summary>
        public NpcDaemonInfo Daemon => _exchange.Daemon;

        /// <summary>A daemon is there and answers, whatever its model does.</summary>
        public bool IsConnected => _exchange.Session != null && _exchange.Session.IsGreeted;

        /// <summary>What is known of the daemon: one of NpcState.</summary>
        public string State
        {
            get
            {
                NpcSession session = _exchange.Session;
                if (_exchange.IsClosed)
                    return NpcState.Closed;
                if (IsConnected)
                    return _exchange.Service;
                if (session != null && session.Refusal != null)
                    return NpcState.Refused;
                if (_ended.Length > 0)
                    return NpcState.Offline;
                bool isRecent = session == null || _clock.NowUs - session.LostUs < ConnectPatienceUs;
                return isRecent ? NpcState.Connecting : NpcState.Offline;
            }
        }

        /// <summary>Why the daemon does not serve this client or has no model, or the last fault it reported; empty if all
        /// is well.</summary>
        public string Problem
        {
            get
            {
                NpcSession session = _exchange.Session;
                if (session != null && session.Refusal != null)
                    return session.Refusal.Message;
                if (_ended.Length > 0)
                    return _ended;
                if (_exchange.Fault.Length > 0)
                    return _exchange.Fault;
                if (State == NpcState.Down && Daemon != null)
                    return Daemon.Detail;
                return session == null || IsConnected ? "" : session.Problem;
            }
        }

        /// <summary>Do what there is to do, for about `maxMs` at most, and leave the rest to the next call. Never blocks.
        /// Callbacks run in here.</summary>
        public void Poll(double maxMs = DefaultPollMs)
        {
            if (_exchange.IsClosed || _polling)
                return;
            _polling = true;
            try
            {
                WatchProcess();
                _exchange.Poll(_clock.NowUs + (long)(maxMs * SystemClock.UsPerMs));
            }
            finally
            {
                _polling = false;
            }
        }

        /// <summary>End open requests as cancelled, drop the connection, stop the daemon if it is the game's own.
        /// Idempotent.</summary>
        public void Close()
        {
            try
            {
                _exchange.Close();
            }
            finally
            {
                if (_process != null)
                    _process.Stop();
            }
        }

        void IDisposable.Dispose()
        {
            Close();
        }

        /// <summary>Begin to connect. The token is read at every greeting: a daemon that restarts has a new one.</summary>
        private void Attach(string address, string tokenFile)
        {
            IPEndPoint endPoint = LoopbackAddress.Parse(address);
            string path = tokenFile ?? Credentials.TokenFile(endPoint.Port);
            Func<byte[]> hello = () => Hello(Credentials.ReadToken(path));
            _exchange.Session = new NpcSession(_connect(endPoint), hello, _clock.NowUs);
        }

        private byte[] Hello(string token)
        {
            return MessagePackWriter.Encode(new Dictionary<string, object>
            {
                { "t", "hello" },
                { "v", new[] { Exchange.Version } },
                { "session", _session },
                { "token", token },
                { "game", _settings.Game },
                { "client", _settings.Client },
            });
        }

        private void Rename()
        {
            _session = Guid.NewGuid().ToString("N");
        }

        /// <summary>Connect to the child once it listens; notice its end, and start another if it has served well.</summary>
        private void WatchProcess()
        {
            if (_process == null || _ended.Length > 0)
                return;
            if (IsConnected)
            {
                _servedUs = _servedUs ?? _clock.NowUs;
                return;
            }
            string problem = _process.Problem();
            if (problem.Length > 0 && _clock.NowUs - _servedUs >= ServedUs)
            {
                _servedUs = null;
                _exchange.LoseSession();
                _process.Restart();
                return;
            }
            _ended = problem;
            string address, tokenFile;
            if (problem.Length == 0 && _exchange.Session == null && _process.TryReady(out address, out tokenFile))
                Attach(address, tokenFile);
        }

        private static void CheckName(string name, string what)
        {
            if (string.IsNullOrEmpty(name) || name.IndexOf('\0') >= 0 || CodePoints.Count(name) > NameChars)
                throw new ArgumentException("the " + what + "'s name has 1 to " + NameChars + " characters");
            try
            {
                MessagePackWriter.Encode(new Dictionary<string, object> { { what, name } });
            }
            catch (FrameException cause)
            {
                throw new ArgumentException("the " + what + "'s name cannot be used: " + cause.Message);
            }
        }
    }
}
