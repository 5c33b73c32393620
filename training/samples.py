"""Shows replies as they came: `python -m training.samples REPORT --count 30 --seed 1` prints so many consecutive ones.

The seed decides where they begin; nothing is left out, put right or chosen.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from npc_engine.errors import NpcError
from npc_engine.evaluation.audition import Spoken
from npc_engine.evaluation.suite_report import read_report


def consecutive(replies: Sequence[Spoken], count: int, seed: int) -> list[Spoken]:
    """`count` replies in the order in which they were written, from one that the seed decides on."""
    begin = random.Random(seed).randrange(max(1, len(replies) - count + 1))
    return list(replies[begin : begin + count])


def as_markdown(replies: Sequence[Spoken]) -> str:
    """A table: who, what it heard, what it said."""
    rows = [f"| {each.npc or 'narrator'} | {_cell(each.heard)} | {_cell(each.text)} |" for each in replies]
    return "\n".join(["| who | heard | said |", "|---|---|---|", *rows])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|") or "(nothing)"


def main(arguments: list[str] | None = None) -> int:
    """Prints them; 1 if there is no report."""
    parser = argparse.ArgumentParser(
        prog="python -m training.samples",
        description="Print consecutive replies of a report of `npc-engine eval SUITE --json REPORT`, as Markdown.",
    )
    parser.add_argument("report", type=Path)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    try:
        report = read_report(json.loads(asked.report.read_text(encoding="utf-8")))
    except (NpcError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(as_markdown(consecutive(report.replies, asked.count, asked.seed)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
