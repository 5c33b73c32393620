using System;
using UnityEngine.Events;

namespace NpcEngine
{
    /// <summary>The daemon is there (true), or gone.</summary>
    [Serializable]
    public sealed class NpcConnectedEvent : UnityEvent<bool>
    {
    }

    /// <summary>The text so far, and how many of its code points are final.</summary>
    [Serializable]
    public sealed class NpcUpdatedEvent : UnityEvent<string, int>
    {
    }

    /// <summary>The good end.</summary>
    [Serializable]
    public sealed class NpcFinishedEvent : UnityEvent<NpcReply>
    {
    }

    /// <summary>The bad end: code, message for a developer, whether the same may succeed later.</summary>
    [Serializable]
    public sealed class NpcFailedEvent : UnityEvent<string, string, bool>
    {
    }
}
