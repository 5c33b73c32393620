using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Threading;

namespace NpcEngine.Driver
{
    /// <summary>Plays one scenario with an NpcConnection and prints what it tells the game.
    /// `protocol/conformance/DRIVER.md` says what the steps and the events mean.</summary>
    internal sealed class Scenario
    {
        private const int FrameMs = 16;

        private readonly string _path;
        private readonly Dictionary<string, object> _scenario;
        private readonly Stopwatch _watch = Stopwatch.StartNew();
        private readonly PollCost _cost = new PollCost();
        private readonly Dictionary<string, NpcRequest> _requests = new Dictionary<string, NpcRequest>();
        private readonly HashSet<string> _updated = new HashSet<string>();
        private readonly List<Dictionary<string, object>> _untold = new List<Dictionary<string, object>>();
        private NpcConnection _client;
        private string _state;

        public Scenario(string path)
        {
            _path = path;
            _scenario = (Dictionary<string, object>)JsonReader.Read(File.ReadAllText(path));
        }

        public void Play()
        {
            foreach (object step in _scenario.Items("steps"))
            {
                try
                {
                    Do((Dictionary<string, object>)step);
                }
                catch (Exception cause)
                {
                    Print(Event("error", "message", cause.ToString()));
                }
            }
            Close();
            Print(Event("poll_cost", _cost.Fields()));
        }

        private void Do(Dictionary<string, object> step)
        {
            string name = step.Text("do");
            switch (name)
            {
                case "connect":
                    Connect();
                    break;
                case "request":
                    Ask(step.Text("as"), step.Text("type"), step.Map("fields"));
                    break;
                case "say":
                case "bark":
                case "describe":
                case "warm":
                    var fields = new Dictionary<string, object>(step);
                    fields.Remove("do");
                    fields.Remove("as");
                    Ask(step.Text("as"), name, fields);
                    break;
                case "spoken":
                    Follow(step.Text("as"), _client.Spoken(_requests[step.Text("of")], (int?)step.OptionalInteger("heard")));
                    break;
                case "cancel":
                    _requests[step.Text("as")].Cancel();
                    break;
                case "wait":
                    Wait(step);
                    break;
                case "poll":
                    long endMs = _watch.ElapsedMilliseconds + step.Integer("ms");
                    PollUntil(() => _watch.ElapsedMilliseconds >= endMs, (int)step.Integer("every_ms", FrameMs));
                    break;
                case "sleep":
                    Thread.Sleep((int)step.Integer("ms"));
                    break;
                case "mark":
                    Print(Event("mark", "name", step.Text("name")));
                    PollUntil(() => File.Exists(_path + "." + step.Text("name")), FrameMs);
                    break;
                case "measure":
                    _cost.Forget();
                    break;
                case "close":
                    Close();
                    break;
                default:
                    Print(Event("unsupported", "do", name));
                    break;
            }
        }

        private void Connect()
        {
            _client = new NpcConnection(new NpcSettings
            {
                Address = _scenario.Text("address"),
                TokenFile = _scenario.Text("token_file", null),
                Client = "npc-engine-unity-driver/0.1.0",
                CallbackFailed = cause => _untold.Add(Event("error", "message", cause.ToString())),
            });
            _state = null;
            TellState();
            Tell();
        }

        private void Close()
        {
            if (_client == null)
                return;
            _client.Close();
            TellState();
            Tell();
            _client = null;
        }

        private void Ask(string name, string type, Dictionary<string, object> fields)
        {
            Follow(name, _client.Request(type, fields));
        }

        private void Follow(string name, NpcRequest request)
        {
            _requests[name] = request;
            Print(Event("asked", "as", name));
            request.Updated += updated =>
            {
                _updated.Add(name);
                if (updated.Turns.Count == 0)
                    _untold.Add(Event("update", "as", name, "text", updated.Text, "stable", updated.Stable));
            };
            request.Ended += ended => _untold.Add(ended.Reply != null ? Finished(name, ended.Reply) : Failed(name, ended.Error));
        }

        private Dictionary<string, object> Finished(string name, NpcReply reply)
        {
            var actions = new List<object>();
            foreach (NpcAction action in reply.Actions)
                actions.Add(new Dictionary<string, object> { { "name", action.Name }, { "args", action.Args } });
            return Event("finished", "as", name, "text", reply.Text, "narration", reply.Narration,
                "source", reply.Source == NpcSource.None ? null : reply.Source.ToString().ToLowerInvariant(),
                "reason", reply.Reason, "emotion", reply.Emotion.ToString().ToLowerInvariant(), "actions", actions,
                "retry_after_ms", reply.RetryAfterMs, "data", reply.Data);
        }

        private Dictionary<string, object> Failed(string name, NpcError error)
        {
            return Event("failed", "as", name, "code", error.Code, "message", error.Message, "recoverable", error.IsRecoverable);
        }

        private void Wait(Dictionary<string, object> step)
        {
            string wanted = step.Text("for"), name = step.Text("as", null);
            long endMs = _watch.ElapsedMilliseconds + step.Integer("ms");
            PollUntil(() => Happened(wanted, name) || _watch.ElapsedMilliseconds >= endMs, FrameMs);
            if (!Happened(wanted, name))
                Print(Event("timeout", "for", wanted, "as", name));
        }

        private bool Happened(string wanted, string name)
        {
            switch (wanted)
            {
                case "ended":
                    if (name != null)
                        return _requests[name].IsEnded;
                    foreach (NpcRequest request in _requests.Values)
                    {
                        if (!request.IsEnded)
                            return false;
                    }
                    return true;
                case "finished": return _requests[name].State == NpcRequestState.Done;
                case "failed": return _requests[name].State == NpcRequestState.Failed;
                case "update": return _updated.Contains(name);
                default: return _client == null ? wanted == NpcState.Closed : _client.State == wanted;
            }
        }

        private void PollUntil(Func<bool> happened, int everyMs)
        {
            while (!happened())
            {
                if (_client != null)
                {
                    _cost.Poll(_client);
                    TellState();
                    Tell();
                }
                Thread.Sleep(everyMs);
            }
        }

        private void TellState()
        {
            if (_client.State == _state)
                return;
            _state = _client.State;
            _untold.Add(Event("state", "state", _state));
        }

        /// <summary>Print what was told; not in the poll, whose time is measured.</summary>
        private void Tell()
        {
            foreach (Dictionary<string, object> item in _untold)
                Print(item);
            _untold.Clear();
        }

        /// <summary>`fields` are names and values in turn.</summary>
        private Dictionary<string, object> Event(string name, params object[] fields)
        {
            var item = new Dictionary<string, object> { { "event", name }, { "at_ms", _watch.Elapsed.TotalMilliseconds } };
            for (int i = 0; i < fields.Length; i += 2)
                item[(string)fields[i]] = fields[i + 1];
            return item;
        }

        private static void Print(Dictionary<string, object> item)
        {
            Console.Out.WriteLine(JsonWriter.Write(item));
            Console.Out.Flush();
        }
    }
}
