"""Judging blind: `python -m training.judge sheet` makes a sheet of what models said, `score` counts filled ones."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from npc_engine.errors import NpcError
from npc_engine.evaluation.suite import load_suite
from npc_engine.evaluation.suite_report import read_report
from training.blind.sheet import items, make_sheet, score


def main(arguments: list[str] | None = None) -> int:
    """Makes or scores; 1 if that is not possible."""
    parser = argparse.ArgumentParser(
        prog="python -m training.judge",
        description="Judge blind: lines of several models side by side, names hidden.",
        epilog="The replies come from `npc-engine eval SUITE --json FILE`, one file for each model.",
    )
    commands = parser.add_subparsers(required=True)
    making = commands.add_parser("sheet", help="make a sheet and, in another file, its key")
    making.add_argument("suite", type=Path, help="the suite that was played")
    making.add_argument("replies", nargs="+", metavar="NAME=FILE", help="a model's name and its report")
    making.add_argument("--count", type=int, default=60, help="items")
    making.add_argument("--seed", type=int, default=1, help="draws the items and their orders")
    making.add_argument("--sheet", type=Path, required=True, help="write it here, Markdown")
    making.add_argument("--key", type=Path, required=True, help="write the key here, JSON; judges must not see it")
    making.set_defaults(run=_make)
    scoring = commands.add_parser("score", help="count the preferences of filled sheets")
    scoring.add_argument("key", type=Path)
    scoring.add_argument("sheets", nargs="+", type=Path)
    scoring.set_defaults(run=_score)
    asked = parser.parse_args(arguments)
    try:
        asked.run(asked)
    except (NpcError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _make(asked: argparse.Namespace) -> None:
    settings = load_suite(asked.suite)
    who = {
        (setting.pack.info.id, npc): f"{persona.name}{f', {persona.role}' if persona.role else ''}. {persona.summary}"
        for setting in settings
        for npc, persona in setting.pack.npcs.items()
    }
    reports = {}
    for each in asked.replies:
        name, _, path = each.partition("=")
        reports[name] = read_report(json.loads(Path(path).read_text(encoding="utf-8"))).replies
    sheet, key = make_sheet(items(who, reports), asked.count, asked.seed)
    asked.sheet.write_text(sheet, encoding="utf-8")
    asked.key.write_text(json.dumps(key, indent=1) + "\n", encoding="utf-8")
    print(f"{asked.sheet}: {len(key)} items; the key is in {asked.key}")


def _score(asked: argparse.Namespace) -> None:
    key = json.loads(asked.key.read_text(encoding="utf-8"))
    for found in score(key, [path.read_text(encoding="utf-8") for path in asked.sheets]):
        if not found.wins.total:
            continue
        low, high = found.wins.interval()
        print(
            f"{found.model} before {found.other}: {found.wins.share:.0%} ({low:.0%} to {high:.0%}) "
            f"of {found.wins.total}, {found.ties} ties"
        )


if __name__ == "__main__":
    sys.exit(main())
