"""Killing a process that writes, again and again: what it was told is on disk must be there."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from storage_rows import GAME, SLOT

from npc_engine.storage.db import Store

#: Writes until it is killed, a few rows at a time, and says which are acknowledged.
WRITE = f"""
import sys
from pathlib import Path
from npc_engine.storage.db import Store
from npc_engine.storage.rows import Row
store = Store(Path(sys.argv[1]))
seq = int(sys.argv[2])
while True:
    some = range(seq, seq + 4)
    rows = [Row("marta", n, f"Thing {{n}} of the mill.", 5, True, b"") for n in some]
    written = [store.add({GAME!r}, {SLOT!r}, [row]) for row in rows]
    written.append(store.put_state({GAME!r}, {SLOT!r}, 1, bytes(some.stop % 5000)))
    for n, future in zip(some, written):
        future.result()
        print(n, flush=True)
    seq = some.stop
"""


def kill_while_writing(path: Path, next_seq: int, after_s: float) -> list[int]:
    """Start a writer, kill it `after_s` seconds after its first acknowledgement; all that it acknowledged."""
    command = [sys.executable, "-c", WRITE, str(path), str(next_seq)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        told = writer.stdout.readline()
        assert told, "the writer could not begin"
        time.sleep(after_s)
        writer.kill()
        told += writer.stdout.read()
    whole_lines = told[: told.rfind(b"\n") + 1]
    return [int(line) for line in whole_lines.split()]


def survivors(path: Path) -> list[int]:
    """What is on disk after a crash. Raises if the database is damaged."""
    with closing(Store(path)) as store:
        snapshot = store.load(GAME, SLOT)
    with closing(sqlite3.connect(path)) as connection:
        verdict = connection.execute("PRAGMA integrity_check").fetchall()
        assert verdict == [("ok",)], verdict
        connection.execute("INSERT INTO memory_index (memory_index) VALUES ('integrity-check')")
        indexed = connection.execute("SELECT count(*) FROM memory_index").fetchone()[0]
    assert snapshot is not None
    assert indexed == len(snapshot.rows)
    return [row.seq for row in snapshot.rows]
