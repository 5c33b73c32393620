using System;
using System.Collections.Generic;

namespace NpcEngine
{
    /// <summary>What the game has yet to be told. It is told when everything is consistent, so that a callback may ask,
    /// cancel, close, or throw.</summary>
    internal sealed class News
    {
        private readonly Queue<KeyValuePair<NpcRequest, bool>> _waiting = new Queue<KeyValuePair<NpcRequest, bool>>();
        private readonly Action<Exception> _callbackFailed;

        /// <summary>`callbackFailed` is told what callbacks throw; null lets it out of `Tell`, and the rest waits for the
        /// next one.</summary>
        public News(Action<Exception> callbackFailed)
        {
            _callbackFailed = callbackFailed;
        }

        public void Updated(NpcRequest request)
        {
            _waiting.Enqueue(new KeyValuePair<NpcRequest, bool>(request, false));
        }

        public void Ended(NpcRequest request)
        {
            _waiting.Enqueue(new KeyValuePair<NpcRequest, bool>(request, true));
        }

        public void Tell()
        {
            while (_waiting.Count > 0)
            {
                KeyValuePair<NpcRequest, bool> item = _waiting.Dequeue();
                try
                {
                    if (item.Value)
                        item.Key.TellEnded();
                    else
                        item.Key.TellUpdated();
                }
                catch (Exception cause) when (_callbackFailed != null)
                {
                    _callbackFailed(cause);
                }
            }
        }
    }
}
