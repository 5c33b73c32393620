"""Which engine and model were found best, kept in the engine's folder until something they depend on changes."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from npc_engine.models.home import home

FILE = "engine_choices.json"
#: So many are kept, the latest: one for each way to ask.
KEPT = 16


class EngineChoice(msgspec.Struct, frozen=True):
    """The engine and the model to use, the model by its name or its file, and why, for the user to read.
    `next_line_ms` is what a line took in the trial, None if nothing had to be tried."""

    engine: str
    model: str
    reason: str
    next_line_ms: float | None = None


def key_of(facts: Sequence[str]) -> str:
    """A choice made from these facts holds while they are the same."""
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()


def file_facts(path: Path) -> str:
    """What changes when the file does."""
    try:
        stat = path.stat()
    except OSError:
        return f"{path}: none"
    return f"{path.resolve()}: {stat.st_size} bytes of {stat.st_mtime_ns}"


def recall(key: str) -> EngineChoice | None:
    """What was remembered under `key`."""
    return _read().get(key)


def remember(key: str, choice: EngineChoice) -> None:
    """Keep it for the next time. Where nothing can be written, it is found out again."""
    kept = {other: known for other, known in _read().items() if other != key} | {key: choice}
    latest = dict(list(kept.items())[-KEPT:])
    partial = home() / f"{FILE}.{os.getpid()}.part"
    with contextlib.suppress(OSError):
        home().mkdir(parents=True, exist_ok=True)
        partial.write_bytes(msgspec.json.format(msgspec.json.encode(latest)))
        partial.replace(home() / FILE)


def _read() -> dict[str, EngineChoice]:
    try:
        return msgspec.json.decode((home() / FILE).read_bytes(), type=dict[str, EngineChoice])
    except (OSError, ValueError):  # none yet, damaged, or of another version
        return {}
