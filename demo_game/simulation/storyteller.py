"""The daemon as the simulation uses it: ask for many things at once, and wait for all of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

from npc_engine.client import NpcClient, Request

#: How long a poll may take, and the pause after one, while there is nothing else to do.
POLL_MS = 5.0
PAUSE_S = 0.0005
#: Characters that may speak at once.
PARALLEL = 8
#: The scripted engine as quick as it can be.
QUICK = ("--option", "steps=1", "--option", "step_ms=0.1", "--option", "prefill_tokens_per_ms=1000000")


class SimulationError(Exception):
    """The day cannot go on; the text says why and what to do."""


class Storyteller:
    """A daemon of the simulation's own for the pack in folder `pack`. What characters remember is kept in the file
    `saves`, so that a daemon that had to be started again knows it. Raises SimulationError if none can be started, or
    as soon as it is gone for good."""

    def __init__(self, engine: str, model: str | None, pack: Path, saves: Path) -> None:
        arguments = ["--saves", str(saves), "--parallel", str(PARALLEL), *(QUICK if engine == "scripted" else ())]
        try:
            self.client = NpcClient.launch(engine, model, str(pack), game="chronicle", arguments=arguments)
        except OSError as error:
            raise SimulationError(f"the daemon cannot be started: {error}") from error

    def __enter__(self) -> Storyteller:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()

    def wait_until_ready(self) -> Iterable[tuple[float, str]]:
        """Yield the progress of loading, 0 to 1, and what is being done, until the daemon is ready."""
        while self.client.state != "ready":
            self._turn()
            daemon = self.client.daemon
            yield (daemon.progress, daemon.detail) if daemon else (0.0, "starting")

    def finish(self, requests: Sequence[Request]) -> None:
        """Wait until all of them have ended. Raises SimulationError if one ended badly."""
        while not all(request.finished for request in requests):
            self._turn()
        for request in requests:
            if request.error is not None:
                raise SimulationError(
                    f"the daemon refused `{request.kind}` ({request.error.code}): {request.error.message}"
                )
            if request.reply is not None and request.reply.reason == "offline":
                raise SimulationError(f"the daemon went away during `{request.kind}`; {self.client.problem}")

    def _turn(self) -> None:
        self.client.poll(POLL_MS)
        if self.client.state in ("offline", "refused", "closed"):
            raise SimulationError(f"no daemon: {self.client.problem or self.client.state}")
        time.sleep(PAUSE_S)
