"""A daemon that will not have a model says why, and so does the command that waits for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from npc_engine.cli.readiness import wait_ready
from npc_engine.errors import ErrorCode, NpcError


class Client(SimpleNamespace):
    """What `wait_ready` looks at; each poll goes on to the next state."""

    def poll(self) -> None:
        self.state = self.states.pop(0)


def wait(problem: str, *states: str) -> None:
    client: Any = Client(states=list(states), state="", problem=problem)
    wait_ready(client, Console(quiet=True))


def test_it_waits_while_the_model_loads() -> None:
    wait("", "connecting", "loading", "ready")


@pytest.mark.parametrize(
    ("problem", "code", "said"),
    [
        ("engine_failed: needs 96.3 GiB", ErrorCode.ENGINE_FAILED, "needs 96.3 GiB"),
        ("model_missing: no such file: a: b", ErrorCode.MODEL_MISSING, "no such file: a: b"),
        ("the worker died 3 times within 60 s", ErrorCode.ENGINE_FAILED, "the worker died 3 times within 60 s"),
    ],
)
def test_a_model_that_cannot_be_loaded_is_told(problem: str, code: ErrorCode, said: str) -> None:
    with pytest.raises(NpcError) as caught:
        wait(problem, "loading", "down")
    assert (caught.value.code, caught.value.message) == (code, said)


@pytest.mark.parametrize("state", ["offline", "refused"])
def test_a_daemon_that_does_not_answer_is_told(state: str) -> None:
    with pytest.raises(NpcError) as caught:
        wait("the daemon ended with exit code 2", "connecting", state)
    assert caught.value.code is ErrorCode.DAEMON_UNREACHABLE
    assert "exit code 2" in caught.value.message
