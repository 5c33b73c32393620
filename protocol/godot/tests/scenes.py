"""Play what a game does with the addon against a daemon, headless: the speaker's own tests, and the demo.

    python protocol/godot/tests/scenes.py GODOT

Needs `npc-engine` beside this Python, and the project imported once.
"""

# ruff: noqa: T201

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import stage

PROJECT = Path(__file__).parents[1]
GREETING = "marta=Good evening."


def main() -> int:
    """Exit status 0 if all of it went well."""
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="npc-engine-godot-") as folder, stage.daemon(Path(folder)) as ready_file:
        faults = _speaker(sys.argv[1], Path(folder), ready_file) + _demo(sys.argv[1], Path(folder), ready_file)
    return 1 if faults else 0


def _speaker(godot: str, home: Path, ready_file: Path) -> int:
    output = stage.run(godot, PROJECT, home, "res://tests/speaker.tscn", "--", str(ready_file))
    # It asks for the impossible on purpose, so there are warnings; a script error would not end it.
    return _judge("the speaker", output, "checks, 0 faults" in output and "SCRIPT ERROR" not in output)


def _demo(godot: str, home: Path, ready_file: Path) -> int:
    output = stage.run(godot, PROJECT, home, "--", "--ready-file", str(ready_file), "--say", GREETING, "--quit")
    lines = [line.removeprefix(GREETING).strip() for line in output.splitlines() if line.startswith(GREETING)]
    return _judge("the demo", output, len(lines) == 1 and len(lines[0]) > len("...") and "ERROR" not in output)


def _judge(what: str, output: str, good: bool) -> int:
    print(f"{'ok' if good else 'FAULT'}: {what}")
    if not good:
        print(output)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
