"""The load bars of the project in one go: runs each, prints a Markdown table, says which hold.

    python benchmarks/bars.py scripted --seconds 60 --json bars.json
    python benchmarks/bars.py llama --seconds 60

The scripted engine has a known capacity (4 slots, 400 ms a line: ten lines a second), so that half, twice and four
times of it mean something. The llama bars say what a player gets on this machine.
"""

from __future__ import annotations

import argparse
import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from npc_engine.cli.load import Load, Tally, run_load, summarise

CAPACITY_PER_S = 10.0


@dataclass(frozen=True)
class Bar:
    """One run, and what it has to show. `goodput_of` names the run whose goodput this one is compared with."""

    name: str
    clients: int
    npcs: int
    rate: float
    budget_ms: int
    hit_rate: float = 0.0
    busy_p99_ms: float = 0.0


SCRIPTED = [
    Bar("half of capacity", 16, 8, 0.5 * CAPACITY_PER_S / 16, 1_000, hit_rate=0.99),
    Bar("capacity", 16, 8, CAPACITY_PER_S / 16, 1_000),
    Bar("twice capacity", 16, 8, 2 * CAPACITY_PER_S / 16, 1_000, busy_p99_ms=10),
    Bar("four times capacity", 16, 8, 4 * CAPACITY_PER_S / 16, 1_000, busy_p99_ms=10),
]
LLAMA = [
    Bar("one character, 1,500 ms", 1, 1, 0, 1_500, hit_rate=0.95),
    Bar("four at once, 4,000 ms", 4, 4, 0, 4_000, hit_rate=0.90),
    Bar("one character, 600 ms", 1, 1, 0, 600),
    Bar("eight in turn, 1,500 ms", 1, 8, 0, 1_500),
]
COLUMNS = (
    "requests", "lost", "duplicate", "late", "refused", "hit_rate", "goodput_per_s", "first_ms", "done_ms", "busy_ms",
    "sources",
)  # fmt: skip


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("engine", choices=["scripted", "llama"])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--model")
    parser.add_argument("--threads", type=int, default=0, help="of the model; 0 leaves a core to the game")
    parser.add_argument("--only", default="", help="only the runs whose name contains this")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--lines", type=int, default=0, help="show this many lines of each run")
    arguments = parser.parse_args()
    options = ["--engine", arguments.engine, "--threads", str(arguments.threads), "--saves", "none"]
    options += ["--model", arguments.model] if arguments.model else []
    results: dict[str, dict[str, Any]] = {}
    print(f"{platform.processor() or platform.machine()}, {psutil.cpu_count()} cores, {platform.system()}\n")
    print("| run | " + " | ".join(COLUMNS) + " |\n|---" * (len(COLUMNS) + 1) + "|")
    bars = SCRIPTED if arguments.engine == "scripted" else LLAMA
    for bar in [bar for bar in bars if arguments.only in bar.name]:
        load = Load(bar.clients, bar.npcs, bar.rate, bar.budget_ms, arguments.seconds)
        tally: Tally = run_load(load, options, None, lambda part, what: None)
        results[bar.name] = numbers = summarise(load, tally)
        print(f"| {bar.name} | " + " | ".join(_cell(numbers[column]) for column in COLUMNS) + " |", flush=True)
        print(f"\nfront: {json.dumps(numbers['front_ms'])}; reasons: {numbers['reasons']}; late: {numbers['late_ms']}")
        _judge(bar, numbers)
        for line in tally.samples[: arguments.lines]:
            print("  ", line)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    if len(results) < len(bars):
        return
    if arguments.engine == "scripted":
        peak = max(float(numbers["goodput_per_s"]) for numbers in results.values())
        for name in ("twice capacity", "four times capacity"):
            share = results[name]["goodput_per_s"] / peak
            print(f"{name}: goodput {share:.1%} of peak: {'holds' if share >= 0.95 else 'FAILS'} (>= 95%)")
    if arguments.engine == "llama":
        one, eight = (results[f"{who}, 1,500 ms"]["first_ms"]["p50"] for who in ("one character", "eight in turn"))
        ratio = eight / one
        print(f"first text, eight in turn to one: {ratio:.2f}: {'holds' if ratio <= 1.3 else 'FAILS'} (<= 1.3)")


def _judge(bar: Bar, numbers: dict[str, Any]) -> None:
    checks = [("lost", numbers["lost"] == 0), ("duplicate", numbers["duplicate"] == 0)]
    checks += [("late <= 0.1%", numbers["late"] <= 0.001 * numbers["requests"])]
    if bar.hit_rate:
        checks.append((f"hit rate >= {bar.hit_rate:.0%}", numbers["hit_rate"] >= bar.hit_rate))
    if bar.busy_p99_ms:
        checks.append((f"busy p99 < {bar.busy_p99_ms:.0f} ms", numbers["busy_ms"]["p99"] < bar.busy_p99_ms))
    print("; ".join(f"{name}: {'holds' if held else 'FAILS'}" for name, held in checks) + "\n", flush=True)


def _cell(value: object) -> str:
    if isinstance(value, dict):
        return " / ".join(f"{number:g}" for number in value.values())
    return f"{value}"


if __name__ == "__main__":
    main()
