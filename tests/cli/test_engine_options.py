"""What the user typed becomes a worker's configuration, or an error before anything is fetched or started."""

from __future__ import annotations

import sys

import psutil
import pytest

from npc_engine.cli.engine_options import default_threads, worker_config
from npc_engine.errors import ErrorCode, NpcError


def test_an_unknown_engine_is_refused_before_a_model_is_looked_for() -> None:
    with pytest.raises(NpcError, match="scripted") as caught:
        worker_config(
            engine="bogus", model=None, threads=0, parallel=4, context_tokens=2_048, options=[], log_level="WARNING"
        )
    assert caught.value.code is ErrorCode.ENGINE_UNKNOWN


@pytest.mark.parametrize(
    ("platform", "cores", "threads"),
    [("linux", 1, 1), ("linux", 2, 2), ("linux", 8, 7), ("win32", 2, 1), ("win32", 1, 1), ("darwin", 8, 7)],
)
def test_threads_by_platform_and_cores(
    platform: str, cores: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: cores)
    monkeypatch.setattr(psutil.Process, "cpu_affinity", lambda self: list(range(cores)), raising=False)
    assert default_threads() == threads
