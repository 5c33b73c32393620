"""The clients of this repository: how the driver of each is made and started."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

#: `protocol/` of the repository, which is not part of the installed package.
PLUGINS = Path(__file__).parents[2] / "protocol"
CLIENTS = ("python", "godot", "csharp")
#: Building a driver, importing a project: seconds.
PREPARE_S = 300.0
#: Output that tells why it failed, characters.
LOG_CHARS = 2_000


class ClientUnavailable(Exception):
    """What a driver needs is not on this machine. The message says how to get it."""


def driver(client: str, plugins: Path, folder: Path) -> list[str]:
    """The command that starts the driver of `client`, one of CLIENTS. What has to be built goes into `folder`. Raises
    ClientUnavailable."""
    if client == "python":
        return [sys.executable, "-m", "npc_engine.conformance.python_driver"]
    return _godot(plugins / "godot") if client == "godot" else _csharp(plugins / "unity", folder)


def _godot(project: Path) -> list[str]:
    _require(project / "project.godot")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "npc-engine" / "godot" / "godot"
    godot = os.environ.get("GODOT") or shutil.which("godot") or (str(cache) if cache.exists() else None)
    if godot is None:
        raise ClientUnavailable(
            f"no Godot on this machine: run `{project / 'fetch_godot.sh'}` (Debian), "
            "or put `godot` 4.4 or later on PATH, or its path into the variable GODOT"
        )
    _run([godot, "--headless", "--path", str(project), "--import"])  # else its classes are unknown
    return [godot, "--headless", "--path", str(project), "res://driver/driver.tscn", "--"]


def _csharp(folder: Path, target: Path) -> list[str]:
    _require(folder / "build.py")
    mono = shutil.which("mono")
    if mono is None or shutil.which("mcs") is None:
        raise ClientUnavailable(
            "no Mono on this machine: apt-get install -y --no-install-recommends "
            "mono-mcs mono-runtime libmono-system-core4.0-cil (Debian), or https://www.mono-project.com"
        )
    built = _run([sys.executable, str(folder / "build.py"), str(target)])
    return [mono, built.strip().splitlines()[-1]]


def _require(path: Path) -> None:
    if not path.is_file():
        raise ClientUnavailable(
            f"no {path}: the plugins are in the repository's `protocol` folder, give it as --plugins"
        )


def _run(command: Sequence[str]) -> str:
    """What the command prints. Raises ClientUnavailable if it fails."""
    try:
        done = subprocess.run(  # noqa: S603
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PREPARE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as cause:
        raise ClientUnavailable(f"{command[0]} does not run: {cause}") from None
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode != 0:
        log = (output + done.stderr.decode("utf-8", "replace"))[-LOG_CHARS:]
        raise ClientUnavailable(f"`{' '.join(command)}` ended with exit status {done.returncode}:\n{log}")
    return output
