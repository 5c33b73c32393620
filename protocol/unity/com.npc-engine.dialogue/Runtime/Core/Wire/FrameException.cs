using System;

namespace NpcEngine
{
    /// <summary>Bytes that are no message of the protocol, or a message that cannot be put into a frame.</summary>
    public sealed class FrameException : Exception
    {
        public FrameException(string message) : base(message)
        {
        }
    }
}
