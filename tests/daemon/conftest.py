from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from daemon_peer import RunningDaemon


@pytest.fixture(scope="session", autouse=True)
def engine_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Tokens of test daemons stay out of the user's folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NPC_ENGINE_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def daemon() -> Iterator[RunningDaemon]:
    """A daemon on the scripted engine, shared by the tests of a module."""
    running = RunningDaemon("--engine", "scripted", "--option", "faults=on")
    yield running
    running.stop()


@pytest.fixture
def start() -> Iterator[Callable[..., RunningDaemon]]:
    """Starts daemons of the test's own."""
    started: list[RunningDaemon] = []

    def run(*arguments: str) -> RunningDaemon:
        started.append(RunningDaemon("--engine", "scripted", *arguments))
        return started[-1]

    yield run
    for running in started:
        running.stop()
