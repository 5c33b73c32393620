from __future__ import annotations

import sys

import psutil
import pytest

from npc_engine.engines.threads import default_threads


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
