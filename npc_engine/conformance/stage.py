"""What a driver's client connects to, and what may happen to it while a scenario is played."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from npc_engine.client.launcher import DaemonProcess
from npc_engine.conformance.fake_daemon import FakeDaemon
from npc_engine.conformance.proxy import Proxy
from npc_engine.conformance.scenario import Scenario
from npc_engine.errors import ErrorCode, NpcError

#: How long a daemon may take to listen, seconds.
START_S = 30.0
POLL_S = 0.01


class Stage:
    """A daemon, real or fake, behind a proxy, and a folder with the token that the client is to find. Raises
    DAEMON_UNREACHABLE if the daemon does not start."""

    def __init__(self, scenario: Scenario) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="npc-conformance-"))
        self.fake = None if scenario.fake is None else FakeDaemon(scenario.fake)
        self.proxy = Proxy()
        self.token_file = self.home / "run" / f"token-{self.proxy.port}"
        self.token_file.parent.mkdir()
        self._process: DaemonProcess | None = None
        try:
            if self.fake is None:
                options = [part for option in scenario.options for part in ("--option", option)]
                self._process = DaemonProcess(["--engine", "scripted", "--saves", "none", *options])
            self._listening()
            for action in scenario.before:
                self.act(action)
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> str:
        """Where the client connects."""
        return f"tcp://127.0.0.1:{self.proxy.port}"

    def act(self, action: dict[str, Any]) -> None:
        """Do one thing, `{what: argument}`; see `scenarios/README.md`. Raises ValueError if it cannot be done here."""
        ((what, argument),) = action.items()
        match what:
            case "cut":
                self.proxy.cut()
            case "hold":
                self.proxy.hold(argument)
            case "drip":
                self.proxy.drip(argument)
            case "inject":
                self.proxy.inject(bytes.fromhex(argument))
            case "greet":
                self.proxy.greet(None if argument is None else bytes.fromhex(argument))
            case "wait_ms":
                time.sleep(argument / 1_000)
            case "token":
                self._write_token(argument)
            case "answers" if self.fake is not None:
                self.fake.answers.update(argument)
            case "say" if self.fake is not None:
                self.fake.say(argument)
            case "kill" if self._process is not None:
                psutil.Process(self._process.pid).kill()
                while not self._process.problem():
                    time.sleep(POLL_S)
                self.proxy.cut()
            case "start" if self._process is not None:
                self._process.restart()
                self._listening()
            case _:
                raise ValueError(f"no such action in this scenario: {what}")

    def close(self) -> None:
        """Stop everything and remove the folder."""
        self.proxy.close()
        if self.fake is not None:
            self.fake.close()
        if self._process is not None:
            self._process.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write_token(self, token: str) -> None:
        self.token_file.write_text(token, encoding="ascii")

    def _listening(self) -> None:
        """Wait until the daemon can be connected to; make its token the client's."""
        if self.fake is not None:
            self.proxy.upstream = self.fake.port
            self._write_token("0123456789abcdef0123456789abcdef")
            return
        process = self._process
        assert process is not None
        end_s = time.monotonic() + START_S
        while (ready := process.ready()) is None:
            if time.monotonic() > end_s or process.problem():
                raise NpcError(ErrorCode.DAEMON_UNREACHABLE, process.problem() or f"no daemon after {START_S:.0f} s")
            time.sleep(POLL_S)
        self._write_token(ready.token_file.read_text(encoding="ascii"))
        self.proxy.upstream = int(ready.address.rsplit(":", 1)[1])
