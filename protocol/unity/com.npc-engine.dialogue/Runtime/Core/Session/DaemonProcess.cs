using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Diagnostics;
using System.IO;
using System.Text;

namespace NpcEngine
{
    /// <summary>A daemon of this client's own, on a free port. It ends with `Stop`, or by itself when the game dies.</summary>
    internal sealed class DaemonProcess
    {
        /// <summary>How long its end is waited for.</summary>
        private const int StopMs = 1000;

        private readonly NpcLaunch _launch;
        private readonly string _folder;
        private Process _process;
        private string _startProblem = "";

        public DaemonProcess(NpcLaunch launch)
        {
            _launch = launch;
            _folder = Path.Combine(Path.GetTempPath(), "npc-engine-" + Guid.NewGuid().ToString("N"));
            Start();
        }

        private string ReadyFile => Path.Combine(_folder, "ready.json");

        /// <summary>Why there is no daemon; empty while it runs.</summary>
        public string Problem()
        {
            if (_process == null)
                return _startProblem;
            if (!_process.HasExited)
                return "";
            return "the daemon ended with exit code " + _process.ExitCode
                + "; run `" + _launch.Program + " serve` in a terminal to see why";
        }

        /// <summary>Where it listens and its token file, once it does; false until then. Reads one small file.</summary>
        public bool TryReady(out string address, out string tokenFile)
        {
            address = tokenFile = null;
            try
            {
                if (!File.Exists(ReadyFile))
                    return false;
                var ready = JsonReader.Read(File.ReadAllText(ReadyFile)) as Dictionary<string, object>;
                if (ready == null)
                    return false;
                address = ready.Text("address");
                tokenFile = ready.Text("token_file");
                return true;
            }
            catch (Exception cause) when (cause is IOException || cause is UnauthorizedAccessException
                || cause is FormatException || cause is FrameException)
            {
                return false; // half written
            }
        }

        /// <summary>Start another in place of one that has ended.</summary>
        public void Restart()
        {
            _process.Dispose();
            _process = null;
            Start();
        }

        /// <summary>End it and remove its files. Idempotent; takes a second at most.</summary>
        public void Stop()
        {
            if (_process != null)
            {
                try
                {
                    if (!_process.HasExited)
                        _process.Kill(); // its database survives that: every answer it gave is on disk
                    _process.WaitForExit(StopMs);
                }
                catch (Exception cause) when (cause is InvalidOperationException || cause is Win32Exception)
                {
                    // it ended in between
                }
                _process.Dispose();
                _process = null;
            }
            RemoveFiles();
        }

        private void Start()
        {
            try
            {
                RemoveFiles(); // the ready file of one that was killed
                Directory.CreateDirectory(_folder);
                int parent;
                using (Process own = Process.GetCurrentProcess())
                    parent = own.Id;
                var arguments = new List<string> { "serve" };
                arguments.AddRange(_launch.Options);
                arguments.AddRange(new[] { "--port", "0", "--ready-file", ReadyFile, "--parent", parent.ToString() });
                _process = Process.Start(new ProcessStartInfo(_launch.Program, CommandLine(arguments))
                {
                    UseShellExecute = false,
                    CreateNoWindow = true,
                });
            }
            catch (Exception cause) when (cause is Win32Exception || cause is InvalidOperationException
                || cause is NotSupportedException || cause is IOException || cause is UnauthorizedAccessException)
            {
                _startProblem = "`" + _launch.Program + "` cannot be started: " + cause.Message;
            }
        }

        private void RemoveFiles()
        {
            try
            {
                if (Directory.Exists(_folder))
                    Directory.Delete(_folder, true);
            }
            catch (Exception cause) when (cause is IOException || cause is UnauthorizedAccessException)
            {
                // somebody looks at them: they lie in the folder for temporary files
            }
        }

        /// <summary>One line that splits into these arguments again, by the rules of Windows' C runtime, which .NET and Mono
        /// follow everywhere.</summary>
        internal static string CommandLine(List<string> arguments)
        {
            var line = new StringBuilder();
            foreach (string argument in arguments)
            {
                line.Append(line.Length == 0 ? "\"" : " \"");
                int backslashes = 0;
                foreach (char character in argument)
                {
                    if (character == '"')
                        line.Append('\\', backslashes + 1);
                    backslashes = character == '\\' ? backslashes + 1 : 0;
                    line.Append(character);
                }
                line.Append('\\', backslashes).Append('"');
            }
            return line.ToString();
        }
    }
}
