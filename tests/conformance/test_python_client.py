"""The Python client passes every scenario."""

from __future__ import annotations

from pathlib import Path

import pytest

from npc_engine.conformance.clients import PLUGINS, driver
from npc_engine.conformance.runner import Run, play_all
from npc_engine.conformance.scenario import load

SCENARIOS = load()


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """All of them, several at once: one after the other they take over a minute, most of it waiting."""
    command = driver("python", PLUGINS, Path(tmp_path_factory.mktemp("driver")))
    return {run.scenario: run for run in play_all(SCENARIOS, command)}


@pytest.mark.timeout(240)  # the first one plays all
@pytest.mark.parametrize("name", [scenario.name for scenario in SCENARIOS])
def test_the_python_client_keeps_the_protocol(name: str, runs: dict[str, Run]) -> None:
    assert runs[name].failures == [], runs[name].log
