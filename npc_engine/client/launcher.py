"""Starting a daemon as a child process of the game, and stopping it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

#: How long a daemon may take to stop when asked, before it is killed, seconds.
STOP_S = 3.0
#: Lines of its output that tell why it ended.
PROBLEM_LINES = 8
#: Of which at most this much is read, bytes.
PROBLEM_BYTES = 4_096

DAEMON = (sys.executable, "-m", "npc_engine.cli.main", "serve")


@dataclass(frozen=True, slots=True)
class Ready:
    """Where the child listens and where its token lies."""

    address: str
    token_file: Path


class DaemonProcess:
    """A daemon of this client's own, on a free port. It ends with `stop`, or by itself when this process dies."""

    def __init__(self, arguments: Sequence[str] = (), *, command: Sequence[str] = DAEMON) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="npc-engine-"))
        self._ready_file = self._folder / "ready.json"
        self._log_file = self._folder / "daemon.log"
        own = ["--port", "0", "--ready-file", str(self._ready_file), "--parent", str(os.getpid())]
        self._command = [*command, *arguments, *own]
        self._child = self._start()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def ready(self) -> Ready | None:
        """What the child wrote once it was listening; None until then. Reads one small file, never blocks."""
        try:
            ready = json.loads(self._ready_file.read_bytes())
            return Ready(address=str(ready["address"]), token_file=Path(ready["token_file"]))
        except (OSError, ValueError, KeyError, TypeError):  # not there yet, or half written
            return None

    def restart(self) -> None:
        """Start another child in place of one that has ended. Raises OSError if it cannot start."""
        self._ready_file.unlink(missing_ok=True)  # the old one's: it was killed
        self._child = self._start()

    def problem(self) -> str:
        """Why the child has ended: the last lines it wrote. Empty while it runs."""
        code = self._child.poll()
        if code is None:
            return ""
        with self._log_file.open("rb") as log:
            log.seek(max(0, self._log_file.stat().st_size - PROBLEM_BYTES))
            lines = log.read().decode("utf-8", "replace").strip().splitlines()
        return "\n".join([f"the daemon ended with exit code {code}", *lines[-PROBLEM_LINES:]])

    def stop(self) -> None:
        """Ask the child to end, kill it if it does not, remove its files. Idempotent; takes at most STOP_S."""
        if self._child.poll() is None:
            self._child.terminate()
            try:
                self._child.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log_file.open("wb") as log:
            return subprocess.Popen(  # noqa: S603
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
