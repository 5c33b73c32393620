"""What a section finds: numbers in rows, and bars that hold or do not. Written down as it comes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]


@dataclass(slots=True)
class Findings:
    """Of one section. With `path` each is written down at once, so that what was found survives what comes after."""

    path: Path | None = None
    machine: str = ""
    rows: list[Row] = field(default_factory=list)
    bars: list[Row] = field(default_factory=list)

    def row(self, **numbers: Any) -> None:
        """A line of numbers."""
        print("  ".join(f"{name} {_short(value)}" for name, value in numbers.items()), flush=True)
        self.rows.append(numbers)
        self._write()

    def bar(self, what: str, asked: str, found: float | None, held: bool | None) -> None:
        """What was asked for, what was found, and whether that is enough; None: it could not be told here."""
        self.bars.append({"what": what, "asked": asked, "found": found, "held": held})
        self._write()

    def at_most(self, what: str, limit: float, found: float | None, unit: str) -> None:
        """A bar from above."""
        self.bar(what, f"≤ {limit:,g} {unit}", found, None if found is None else found <= limit)

    def at_least(self, what: str, limit: float, found: float | None, unit: str) -> None:
        """A bar from below."""
        self.bar(what, f"≥ {limit:,g} {unit}", found, None if found is None else found >= limit)

    def _write(self) -> None:
        if self.path:
            found = {"machine": self.machine, "rows": self.rows, "bars": self.bars}
            self.path.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def print_rows(title: str, rows: list[Row]) -> None:
    """Rows with the same names under each other."""
    print(f"\n{title}")
    names: tuple[str, ...] = ()
    for row in rows:
        if tuple(row) != names:
            names = tuple(row)
            print("  ".join(f"{name:>{_width(name, rows)}}" for name in names))
        print("  ".join(f"{_short(row[name]):>{_width(name, rows)}}" for name in names))


def print_bars(sections: Mapping[str, Mapping[str, Any]]) -> None:
    """The table that comes last: every bar, and what became of it."""
    print(f"\n{'section':12}  {'bar':58}  {'asked':>16}  {'found':>10}")
    for name, section in sections.items():
        for bar in section.get("bars", []):
            verdict = {True: "holds", False: "MISSED", None: "not told here"}[bar["held"]]
            print(f"{name:12}  {bar['what']:58}  {bar['asked']:>16}  {_short(bar['found']):>10}  {verdict}")
        if section.get("error"):
            print(f"{name:12}  FAILED: {section['error']}")


def _width(name: str, rows: list[Row]) -> int:
    return max(len(name), *(len(_short(row[name])) for row in rows if name in row))


def _short(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
    return str(value)
