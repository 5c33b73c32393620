"""A child process that plays the daemon: small Python programs, each ended by the test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from npc_engine.client import launcher
from npc_engine.client.launcher import DAEMON, PROBLEM_LINES, DaemonProcess, Ready

#: Writes what it was told to the ready file, says so through the pipe that its first argument names, and waits.
READY = """
import json, os, sys, time
arguments = dict(zip(sys.argv[2::2], sys.argv[3::2]))
with open(arguments["--ready-file"], "w") as file:
    json.dump({"address": "tcp://127.0.0.1:6003", "token_file": "t", "pid": os.getpid(), "got": arguments}, file)
os.write(int(sys.argv[1]), b"x")
time.sleep(600)
"""
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + READY
FAILS = "import sys; [print('line', n) for n in range(50)]; sys.exit('error: no such model')"

needs_pipe = pytest.mark.skipif(sys.platform == "win32", reason="the test's pipe is inherited the POSIX way")


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    os.set_inheritable(ends[1], True)
    yield ends
    for end in ends:
        os.close(end)


def start(program: str, pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> DaemonProcess:
    """Start a child that has written its ready file when this returns."""
    popen = subprocess.Popen
    monkeypatch.setattr(launcher.subprocess, "Popen", lambda *args, **kw: popen(*args, **kw, pass_fds=[pipe[1]]))
    process = DaemonProcess(["--threads", "2"], command=[sys.executable, "-c", program, str(pipe[1])])
    assert os.read(pipe[0], 1) == b"x"
    return process


@needs_pipe
def test_a_child_tells_where_it_listens_and_is_stopped(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    process = start(READY, pipe, monkeypatch)
    assert process.ready() == Ready("tcp://127.0.0.1:6003", Path("t"))
    told = json.loads(process._ready_file.read_bytes())["got"]
    assert (told["--threads"], told["--port"], told["--parent"]) == ("2", "0", str(os.getpid()))
    assert process.problem() == ""
    process.stop()
    assert process._child.returncode is not None
    assert not process._folder.exists()
    process.stop()


@needs_pipe
def test_another_child_takes_the_place_of_one_that_ended(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    process = start(READY, pipe, monkeypatch)
    first = process.pid
    process._child.kill()
    process._child.wait()
    assert process.problem()
    process.restart()
    assert process.ready() is None or process.pid != first
    assert os.read(pipe[0], 1) == b"x"
    assert json.loads(process._ready_file.read_bytes())["pid"] == process.pid != first
    assert process.problem() == ""
    process.stop()


@needs_pipe
def test_a_child_that_will_not_stop_is_killed(pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "STOP_S", 0.01)
    process = start(STUBBORN, pipe, monkeypatch)
    process.stop()
    assert process._child.returncode == -9


def test_a_child_that_fails_leaves_its_last_words() -> None:
    process = DaemonProcess(command=[sys.executable, "-c", FAILS])
    process._child.wait(30)
    first, *lines = process.problem().splitlines()
    assert first == "the daemon ended with exit code 1"
    assert lines[-1] == "error: no such model"
    assert len(lines) == PROBLEM_LINES
    assert process.ready() is None
    process.stop()


@pytest.mark.parametrize("written", ["", "{", "[]", '{"address": "tcp://x"}', '{"address": 1, "token_file": 2}'])
def test_a_half_written_ready_file_is_not_ready(written: str) -> None:
    process = DaemonProcess(command=[sys.executable, "-c", ""])
    process._ready_file.write_text(written)
    assert process.ready() is None
    process.stop()


def test_the_program_is_this_interpreters_own_daemon() -> None:
    assert list(DAEMON) == [sys.executable, "-m", "npc_engine.cli.main", "serve"]
