using System;
using System.Collections.Generic;

namespace NpcEngine
{
    /// <summary>What the daemon says, and what follows from it.</summary>
    internal sealed partial class Exchange
    {
        /// <summary>How often a daemon wants a ping that does not say.</summary>
        private const long HeartbeatMs = 2000;

        private void Take(ArraySegment<byte> frame)
        {
            try
            {
                Act(MessagePackReader.Decode(frame));
            }
            catch (FrameException cause)
            {
                Fault = "The daemon sent a frame that is no message: " + cause.Message;
            }
            _news.Tell();
        }

        /// <summary>Act on one message. Has changed nothing if it throws FrameException. Unknown types are left to newer
        /// clients.</summary>
        private void Act(Dictionary<string, object> message)
        {
            string kind = message.Text("t");
            long? id = message.OptionalInteger("id");
            NpcRequest request = id == null ? null : Find(id.Value);
            if (kind == "welcome")
                Welcome(message);
            else if (kind == "status")
                TakeStatus(message);
            else if (kind == "pack" && Daemon != null)
                Daemon.TakePack(message);
            else if (kind == "error" && id == null)
                TakeConnectionError(new NpcError(message));
            else if (request != null)
                Advance(request, kind, message);
        }

        private void Advance(NpcRequest request, string kind, Dictionary<string, object> message)
        {
            if (kind == "accepted")
            {
                request.Accepted();
            }
            else if (kind == "update")
            {
                if (request.Update(message))
                    _news.Updated(request);
            }
            else if (kind == "turn")
            {
                if (request.Turn(message, _clock.NowUs))
                    _news.Updated(request);
            }
            else if (kind == "error")
            {
                End(request, new NpcError(message));
            }
            else if (kind == "done")
            {
                End(request, new NpcReply(message));
                if (RequestKinds.IsRenewal(request.Kind))
                    VoidBefore(request);
            }
        }

        private void Welcome(Dictionary<string, object> message)
        {
            if (message.Integer("v") != Version)
            {
                Refuse(new NpcError(NpcErrorCode.VersionUnsupported,
                    "Client and daemon share no protocol version. Update the older of the two."));
                return;
            }
            var daemon = new NpcDaemonInfo(message);
            string service = message.Text("state");
            long heartbeatMs = message.Integer("heartbeat_ms", HeartbeatMs);
            _lines.Learn(OfflineLines.Read(message));
            Daemon = daemon;
            Service = service;
            Fault = "";
            bool wasGreeted = Session.IsGreeted;
            Session.Welcome(heartbeatMs, _clock.NowUs);
            if (!wasGreeted) // a second one answers a hello that was repeated in impatience
                Resume(daemon.Resumed);
        }

        /// <summary>Queue every open request again, in order. A daemon that does not know the session gets them as new
        /// ones, except what the player has seen part of: another daemon would go on differently.</summary>
        private void Resume(bool resumed)
        {
            _outbox.Clear();
            for (int i = 0; i < _open.Count;)
            {
                NpcRequest request = _open[i];
                if (!resumed && request.WasSeen)
                {
                    EndUnanswered(request);
                    continue;
                }
                if (!resumed)
                    request.Forgotten();
                _outbox.Enqueue(request);
                i++;
            }
        }

        private void TakeStatus(Dictionary<string, object> message)
        {
            string service = message.Text("state");
            if (Daemon != null)
                Daemon.TakeStatus(message);
            Service = service;
        }

        private void TakeConnectionError(NpcError error)
        {
            if (error.Code == NpcErrorCode.VersionUnsupported || error.Code == NpcErrorCode.Unauthorised)
            {
                Refuse(error);
            }
            else if (error.Code == NpcErrorCode.HelloFirst)
            {
                Session.Lose(_clock.NowUs);
            }
            else if (error.Code == NpcErrorCode.SessionTaken) // somebody else has our name: greet anew under another
            {
                _rename();
                Session.Lose(_clock.NowUs);
            }
            else
            {
                Fault = error.Message;
            }
        }

        private void Refuse(NpcError refusal)
        {
            Session.Refuse(refusal, _clock.NowUs);
            while (_open.Count > 0)
                End(_open[0], refusal);
        }

        /// <summary>The daemon has cancelled what was asked of the slot before it was renewed. A word on it that is still
        /// on its way is about a world that is gone.</summary>
        private void VoidBefore(NpcRequest renewal)
        {
            for (int i = 0; i < _open.Count;)
            {
                if (_open[i].Slot == renewal.Slot && _open[i].Id < renewal.Id)
                    End(_open[i], Void);
                else
                    i++;
            }
        }
    }
}
