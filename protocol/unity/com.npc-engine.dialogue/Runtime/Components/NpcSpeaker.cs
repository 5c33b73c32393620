using System;
using System.Threading;
using System.Threading.Tasks;
using UnityEngine;

namespace NpcEngine
{
    /// <summary>A character that speaks: one per character. It says one thing at a time; a new line cancels the one that is
    /// still under way. The events tell of the newest.</summary>
    [AddComponentMenu("NPC Engine/NPC Speaker")]
    public sealed class NpcSpeaker : MonoBehaviour
    {
        [SerializeField, Tooltip("The game's connection. Empty: the one on this object or above it.")]
        private NpcClient client;

        [SerializeField, Tooltip("The character's id in the pack.")]
        private string npc = "";

        [SerializeField, Min(1), Tooltip("Time until the line is there, milliseconds.")]
        private int budgetMs = 1500;

        [SerializeField, Tooltip("The save slot.")]
        private string slot = "main";

        [SerializeField]
        private NpcUpdatedEvent onUpdated = new NpcUpdatedEvent();

        [SerializeField]
        private NpcFinishedEvent onFinished = new NpcFinishedEvent();

        [SerializeField]
        private NpcFailedEvent onFailed = new NpcFailedEvent();

        public NpcUpdatedEvent OnUpdated => onUpdated;

        public NpcFinishedEvent OnFinished => onFinished;

        public NpcFailedEvent OnFailed => onFailed;

        /// <summary>The character's id in the pack.</summary>
        public string Npc => npc;

        /// <summary>The newest line asked for; null before the first.</summary>
        public NpcRequest Request { get; private set; }

        /// <summary>A line is under way.</summary>
        public bool IsSpeaking => Request != null && !Request.IsEnded;

        /// <summary>Set what the inspector sets, from code.</summary>
        public void Configure(NpcClient newClient, string newNpc, int newBudgetMs = 1500, string newSlot = "main")
        {
            client = newClient;
            npc = newNpc;
            budgetMs = newBudgetMs;
            slot = newSlot;
        }

        /// <summary>The player says `text` to this character, who answers. With an empty text the character speaks first.
        /// Throws InvalidOperationException if there is no client.</summary>
        public NpcRequest Say(string text)
        {
            Cancel();
            return Follow(Connection().Say(npc, text, budgetMs, slot: slot));
        }

        /// <summary>The same, awaited. `onUpdate` is told the text so far and how many of its code points are final. Throws
        /// NpcException if it fails, OperationCanceledException if it is cancelled: by the token, by `Cancel`, by another
        /// line, or when the character or the client is disabled.</summary>
        public Task<NpcReply> SayAsync(string text, Action<string, int> onUpdate = null,
            CancellationToken cancellationToken = default(CancellationToken))
        {
            if (cancellationToken.IsCancellationRequested)
                return Task.FromCanceled<NpcReply>(cancellationToken);
            NpcRequest request = Say(text);
            request.CancelWhen(cancellationToken);
            if (onUpdate != null)
                request.Updated += updated => onUpdate(updated.Text, updated.Stable);
            return request.AsTask();
        }

        /// <summary>A short remark in passing; `about` is what it refers to.</summary>
        public NpcRequest Bark(string about = "")
        {
            Cancel();
            return Follow(Connection().Bark(npc, about, budgetMs, slot));
        }

        /// <summary>Prepare for talking to this character, so that its first word comes at once.</summary>
        public NpcRequest Warm()
        {
            return Connection().Warm(new[] { npc }, slot: slot);
        }

        /// <summary>The line was shown, `heard` code points of it (null: all): now the character remembers it.</summary>
        public void Spoken(int? heard = null)
        {
            if (Request != null)
                Connection().Spoken(Request, heard);
        }

        /// <summary>The line was never shown: nobody remembers it.</summary>
        public void Unspoken()
        {
            if (Request != null)
                Connection().Unspoken(Request);
        }

        /// <summary>End the line that is under way, if any.</summary>
        public void Cancel()
        {
            if (Request != null)
                Request.Cancel();
        }

        private void OnDisable()
        {
            Cancel();
        }

        private NpcConnection Connection()
        {
            if (client == null)
                client = GetComponentInParent<NpcClient>();
            if (client == null)
                throw new InvalidOperationException("`" + npc + "` has no NPC Client: set it in the inspector");
            return client.Connection;
        }

        private NpcRequest Follow(NpcRequest request)
        {
            Request = request;
            request.Updated += Updated;
            request.Ended += Ended;
            return request;
        }

        private void Updated(NpcRequest request)
        {
            if (request == Request)
                onUpdated.Invoke(request.Text, request.Stable);
        }

        private void Ended(NpcRequest request)
        {
            if (request != Request)
                return;
            if (request.Reply != null)
                onFinished.Invoke(request.Reply);
            else
                onFailed.Invoke(request.Error.Code, request.Error.Message, request.Error.IsRecoverable);
        }
    }
}
