using System;
using UnityEngine;

namespace NpcEngine
{
    /// <summary>The game's connection to the daemon: one per game, on an object that lives as long as the game does. It is
    /// polled before other scripts' Update, and everything happens in there, on the main thread.</summary>
    [AddComponentMenu("NPC Engine/NPC Client")]
    [DefaultExecutionOrder(-100)]
    [DisallowMultipleComponent]
    public sealed class NpcClient : MonoBehaviour
    {
        [SerializeField, Tooltip("Where the daemon listens: an address of this machine. Not used if the game starts its own.")]
        private string address = NpcSettings.DefaultAddress;

        [SerializeField, Tooltip("Worlds and memories are kept apart by this name.")]
        private string game = "default";

        [SerializeField, Min(0.1f), Tooltip("Time one frame may spend on the network, milliseconds.")]
        private float pollMs = (float)NpcConnection.DefaultPollMs;

        [Header("A daemon of the game's own (not on IL2CPP, mobile, consoles or the web)")]
        [SerializeField, Tooltip("Start a daemon with the game and stop it with the game.")]
        private bool startDaemon;

        [SerializeField, Tooltip("The program; looked for on the PATH if it is a bare name.")]
        private string program = "npc-engine";

        [SerializeField, Tooltip("Options of `npc-engine serve`, one word each: --model, smollm2-135m ...")]
        private string[] options = new string[0];

        [Header("Events")]
        [SerializeField, Tooltip("The daemon is there, or gone.")]
        private NpcConnectedEvent onConnectedChanged = new NpcConnectedEvent();

        private NpcConnection _connection;
        private bool _wasConnected;

        public NpcConnectedEvent OnConnectedChanged => onConnectedChanged;

        /// <summary>All that can be asked. Requests wait in a queue until the daemon is there. Throws
        /// InvalidOperationException before the component was enabled, or if its settings cannot be used.</summary>
        public NpcConnection Connection => _connection
            ?? throw new InvalidOperationException("the NPC Client has not been enabled, or its settings cannot be used");

        /// <summary>A daemon is there and answers.</summary>
        public bool IsConnected => _connection != null && _connection.IsConnected;

        /// <summary>What is known of the daemon: one of NpcState.</summary>
        public string State => _connection == null ? NpcState.Closed : _connection.State;

        /// <summary>Why the daemon does not serve this game; empty if all is well.</summary>
        public string Problem => _connection == null ? "" : _connection.Problem;

        /// <summary>Set what the inspector sets, from code. Takes effect when the component is enabled next.</summary>
        public void Configure(string newAddress, string newGame)
        {
            address = newAddress;
            game = newGame;
        }

        /// <summary>The same for a daemon of the game's own.</summary>
        public void ConfigureDaemon(string newProgram, params string[] newOptions)
        {
            startDaemon = true;
            program = newProgram;
            options = newOptions;
        }

        private void OnEnable()
        {
            try
            {
                _connection = Open();
            }
            catch (ArgumentException cause)
            {
                _connection = null;
                Debug.LogError("NPC Client: " + cause.Message, this);
            }
        }

        private void OnDisable()
        {
            if (_connection != null)
                _connection.Close();
            TellConnected();
        }

        private void Update()
        {
            if (_connection == null)
                return;
            try
            {
                _connection.Poll(pollMs);
            }
            catch (Exception cause)
            {
                Log(cause);
            }
            TellConnected();
        }

        private NpcConnection Open()
        {
            return new NpcConnection(new NpcSettings
            {
                Address = address,
                Game = game,
                Launch = startDaemon ? new NpcLaunch { Program = program, Options = options } : null,
                CallbackFailed = Log,
            });
        }

        private void TellConnected()
        {
            if (IsConnected == _wasConnected)
                return;
            _wasConnected = IsConnected;
            try
            {
                onConnectedChanged.Invoke(_wasConnected);
            }
            catch (Exception cause)
            {
                Log(cause);
            }
        }

        private void Log(Exception cause)
        {
            Debug.LogException(cause, this);
        }
    }
}
