"""A daemon with the scripted engine, and Godot in front of it: what the tests that need both share."""

# ruff: noqa: S603

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from npc_engine.client import NpcClient

COMMAND = (sys.executable, "-m", "npc_engine.cli.main")
OPTIONS = ("--engine", "scripted", "--saves", "none")
PATIENCE_S = 60


@contextmanager
def daemon(folder: Path) -> Iterator[Path]:
    """The ready file of one that has its model; its token lies in `folder` too."""
    ready_file = folder / "ready.json"
    arguments = ("serve", *OPTIONS, "--port", "0", "--ready-file", str(ready_file))
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(folder)
    )
    try:
        end_s = time.monotonic() + PATIENCE_S
        while not ready_file.exists() and process.poll() is None and time.monotonic() < end_s:
            time.sleep(0.05)
        told = json.loads(ready_file.read_text("utf-8"))
        with NpcClient(told["address"], Path(told["token_file"]).read_text("ascii").strip()) as client:
            while client.state != "ready" and time.monotonic() < end_s:
                client.poll()
                time.sleep(0.01)
        yield ready_file
    finally:
        process.terminate()
        process.wait()


def run(godot: str, project: Path, home: Path, *arguments: str) -> str:
    """What Godot printed; `home` has its settings, and the token of a daemon of its own."""
    done = subprocess.run(
        [godot, "--headless", "--path", str(project), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        timeout=PATIENCE_S,
        check=False,
        env=environment(home),
    )
    return done.stdout.decode("utf-8", "replace")


def environment(home: Path) -> dict[str, str]:
    """This process's, with another home."""
    return {**os.environ, "HOME": str(home), "NPC_ENGINE_HOME": str(home / ".npc_engine")}
