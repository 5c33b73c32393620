"""Waiting for a daemon that was just started, with something to look at meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console

from npc_engine.client import NpcClient
from npc_engine.errors import ErrorCode, NpcError

POLL_S = 0.005
#: Loading a large model from a slow disk takes minutes.
START_S = 600.0


def wait_ready(client: NpcClient, console: Console, poll: Callable[[], None] | None = None) -> None:
    """Until the client's daemon has its model; `poll` keeps it alive, and whoever else has to be. Raises
    DAEMON_UNREACHABLE with the reason, or what kept the daemon from loading its model."""
    poll = poll or client.poll
    end_s = time.monotonic() + START_S
    with console.status("starting the daemon ...") as status:
        while time.monotonic() < end_s:
            poll()
            if client.state == "ready":
                return
            if client.state == "down":
                raise _why_down(client.problem)
            if client.state in ("offline", "refused"):
                raise NpcError(ErrorCode.DAEMON_UNREACHABLE, client.problem)
            if client.state == "loading":
                status.update("loading the model ...")
            time.sleep(POLL_S)
    raise NpcError(ErrorCode.DAEMON_UNREACHABLE, f"not ready after {START_S:.0f} s")


def _why_down(problem: str) -> NpcError:
    """A daemon tells it as `code: message`."""
    code, _, message = problem.partition(": ")
    if code in list(ErrorCode):
        return NpcError(ErrorCode(code), message)
    return NpcError(ErrorCode.ENGINE_FAILED, problem)
