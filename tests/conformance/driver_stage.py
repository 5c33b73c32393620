"""Scenarios without a daemon's start, and drivers that are a few lines of text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from npc_engine.conformance.scenario import Expectations, Expected, Scenario

#: What a driver that does everything right prints in `TINY`.
GOOD: tuple[dict[str, Any], ...] = (
    {"event": "state", "at_ms": 1, "state": "connecting"},
    {"event": "state", "at_ms": 9, "state": "ready"},
    {"event": "asked", "at_ms": 10, "as": "a"},
    {"event": "update", "at_ms": 50, "as": "a", "text": "Evening, l", "stable": 8},
    {"event": "finished", "at_ms": 90, "as": "a", "text": "Evening, love.", "source": "model", "reason": None},
    {"event": "poll_cost", "at_ms": 99, "polls": 6, "p50_us": 20.5, "p99_us": 80, "max_us": 80},
)

TINY = Scenario(
    name="tiny",
    about="One line.",
    fake={},
    steps=[{"do": "say", "as": "a", "npc": "marta", "text": "Evening.", "budget_ms": 500}],
    expect=Expectations(requests={"a": Expected(end="finished", source=["model"], updates=1)}, states=["ready"]),
)


def script(folder: Path, code: str) -> list[str]:
    """The command of a driver that is this Python program."""
    path = folder / "driver.py"
    path.write_text(code, encoding="utf-8")
    return [sys.executable, str(path)]


def printing(folder: Path, *lines: str) -> list[str]:
    """The command of a driver that prints these lines and ends."""
    return script(folder, f"print({chr(10).join(lines)!r})")
