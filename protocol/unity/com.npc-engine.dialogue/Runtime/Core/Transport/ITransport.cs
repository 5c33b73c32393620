using System;

namespace NpcEngine
{
    /// <summary>What a session needs of a connection. Nothing here blocks or throws.</summary>
    internal interface ITransport
    {
        /// <summary>Number of the present connection, counted from 1; 0 while there is none.</summary>
        int Link { get; }

        /// <summary>Why there is no connection; empty if none is known.</summary>
        string Problem { get; }

        /// <summary>The last `Receive` found that nothing more has come.</summary>
        bool IsIdle { get; }

        /// <summary>The next message, if one waits; valid until the next call.</summary>
        bool Receive(out ArraySegment<byte> message);

        /// <summary>Hand over a message; false if it was not taken.</summary>
        bool Send(byte[] message);

        /// <summary>Connect and reconnect. Called when no message waits.</summary>
        void Tick(long nowUs);

        /// <summary>Give the present connection up and make another.</summary>
        void Reopen(long nowUs, string problem);

        /// <summary>Drop the connection and what is queued. Idempotent.</summary>
        void Close();
    }
}
