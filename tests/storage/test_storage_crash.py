"""What was acknowledged outlives the process that wrote it."""

from __future__ import annotations

from pathlib import Path
from random import Random

from storage_crash import kill_while_writing, survivors

KILLS = 20


def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "db"
    random = Random(7)
    acknowledged: set[int] = set()
    there: list[int] = []
    for _ in range(KILLS):
        acknowledged |= set(kill_while_writing(path, len(there), random.uniform(0, 0.03)))
        there = survivors(path)
        assert acknowledged <= set(there)
        # Writes are done in order: there is no gap before the last one that made it.
        assert there == list(range(len(there)))
    assert len(acknowledged) >= KILLS
