from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from npc_engine.models.lock import exclusive

HOLD = """
import sys
from pathlib import Path
from npc_engine.models.lock import exclusive
with exclusive(Path(sys.argv[1]), lambda: None):
    print("held", flush=True)
    sys.stdin.read()
"""


def never() -> None:
    pytest.fail("waited for a lock that is free")


def is_held(path: Path) -> bool:
    def give_up() -> None:
        raise TimeoutError

    try:
        with exclusive(path, give_up):
            return False
    except TimeoutError:
        return True


def test_a_free_lock_is_taken_at_once_and_given_back(tmp_path: Path) -> None:
    for _ in range(2):
        with exclusive(tmp_path / "lock", never):
            pass


def test_the_second_one_waits_until_the_first_lets_go(tmp_path: Path) -> None:
    order: list[str] = []
    with ExitStack() as first:
        first.enter_context(exclusive(tmp_path / "lock", never))

        def let_go() -> None:
            order.append("waiting")
            first.close()

        with exclusive(tmp_path / "lock", let_go):
            order.append("held")
            assert is_held(tmp_path / "lock")
    assert order == ["waiting", "held"]
    assert not is_held(tmp_path / "lock")


def test_a_holder_that_dies_leaves_no_lock(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        waited: list[bool] = []

        def kill() -> None:
            waited.append(True)
            holder.kill()

        with exclusive(lock, kill):
            assert waited == [True]
