"""Checks the dialogue set, or any set in its format: `python -m training.lint training/dialogues`."""

from __future__ import annotations

import argparse
import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

from npc_engine.errors import NpcError
from npc_engine.world.lint import Finding, Level
from npc_engine.world.pack import PackError, find_pack, load_pack
from training.dialogue.spec import find_settings, read_setting
from training.linter import turn_rules, variety
from training.linter.lines import Spoken, play
from training.linter.statistics import as_text, statistics
from training.linter.variety import Text

#: The pack whose lines no set may hold: the game the models are shown in.
SHIPPED = ("oakhollow",)


def lint(folder: Path, names: list[str], foreign: list[Text]) -> tuple[list[Finding], dict[str, Any]]:
    """All findings of the named settings, or of all, and the numbers of the set. What cannot be loaded is a
    finding only. Raises NpcError (PACK_INVALID) for a name that is none."""
    found: list[Finding] = []
    lines: list[Spoken] = []
    for path in find_settings(folder, names):
        try:
            setting, problems = read_setting(path)
            lines += play(setting)
            found += [Finding(problem, Level.ERROR) for problem in problems]
        except PackError as error:
            found += [Finding(problem, Level.ERROR) for problem in error.problems]
    found += [finding for line in lines for finding in turn_rules.findings(line)]
    found += variety.findings(lines, foreign)
    return sorted(set(found)), statistics(lines)


def main(arguments: list[str] | None = None) -> int:
    """Prints findings and numbers. 1 if there is an error."""
    parser = argparse.ArgumentParser(
        prog="python -m training.lint",
        description="Check a set of dialogues: what is wrong with a turn, what is alike, how much there is of what.",
        epilog="Example: python -m training.lint training/dialogues skarv --json build/lint.json",
    )
    parser.add_argument("folder", type=Path, help="the folder that holds the settings")
    parser.add_argument("settings", nargs="*", help="only these; all of them if left out")
    parser.add_argument("--json", type=Path, help="write findings and numbers here")
    parser.add_argument("--errors", action="store_true", help="show no warnings")
    parser.add_argument(
        "--clear-of", type=Path, action="append", default=[], help="a pack whose lines must not be repeated"
    )
    asked = parser.parse_args(arguments)
    try:
        packs = [*map(find_pack, SHIPPED), *asked.clear_of]
        found, numbers = lint(asked.folder, asked.settings, variety.foreign_lines(packs, load_pack))
    except NpcError as error:
        print(error, file=sys.stderr)
        return 1
    errors = sum(finding.level is Level.ERROR for finding in found)
    shown = [finding for finding in found if finding.level is Level.ERROR or not asked.errors]
    for _, group in groupby(shown, key=lambda finding: finding.problem.file):
        print(*group, sep="\n", end="\n\n")
    print(as_text(numbers))
    print(f"{errors} errors, {len(found) - errors} warnings")
    if asked.json:
        findings = [{**finding.problem._asdict(), "level": finding.level.value} for finding in found]
        report = {"errors": errors, "warnings": len(found) - errors, "findings": findings, "numbers": numbers}
        asked.json.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
