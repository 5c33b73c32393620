"""`npc-engine eval SUITE`: how well a model speaks in character."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from npc_engine.cli.console import stderr
from npc_engine.engines.base import ModelSpec
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.evaluation.audition import Spoken, audition, total_lines
from npc_engine.evaluation.rates import Rate
from npc_engine.evaluation.scenario_checks import CHARACTER, CHECKS, EXPECTED
from npc_engine.evaluation.speaker import Speaker
from npc_engine.evaluation.suite import Setting, load_suite, only
from npc_engine.evaluation.suite_report import SuiteReport, draw, read_report
from npc_engine.ops.mind import form_of


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """What was asked for. `filter_text`: only scenarios with it in their name, or of that kind. Without `examples` the
    characters have none."""

    folder: Path
    engine: str
    spec: ModelSpec
    seeds: int
    filter_text: str = ""
    against: Path | None = None
    output: Path | None = None
    plot: Path | None = None
    samples: int = 0
    examples: bool = True


def evaluate_suite(run: SuiteRun) -> None:
    """Play it, print the rates, write what is to be written. Raises NpcError."""
    before = _report(run.against) if run.against else None
    settings = only(load_suite(run.folder), run.filter_text.lower()) if run.filter_text else load_suite(run.folder)
    if not settings:
        raise NpcError(ErrorCode.PACK_INVALID, f"no scenario with {run.filter_text!r} in its name, nor of that kind")
    report = SuiteReport(run.folder.resolve().name, _model(run), run.seeds, _play(run, settings))
    if run.output:
        text = json.dumps(report.as_json(), indent=1, ensure_ascii=False) + "\n"
        run.output.write_text(text, encoding="utf-8")
    if run.plot:
        draw(report, before, run.plot)
    _print(report, before, run.samples)


def _report(path: Path) -> SuiteReport:
    try:
        return read_report(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise NpcError(ErrorCode.ENGINE_FAILED, f"{path} cannot be read as a report: {error}") from error


def _model(run: SuiteRun) -> str:
    adapter = f" with {run.spec.adapter.stem}" if run.spec.adapter else ""
    return f"{run.spec.name}{adapter}{'' if run.examples else ' without examples'} ({run.engine})"


def _play(run: SuiteRun, settings: Sequence[Setting]) -> list[Spoken]:
    seeds = range(1, run.seeds + 1)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    replies: list[Spoken] = []
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=stderr, transient=True) as bars:
        bar = bars.add_task("loading the model", total=total_lines(settings, seeds))
        speaker = Speaker(run.engine, run.spec, lambda fraction, what: bars.update(bar, description=what))
        try:
            form = form_of(speaker.caps)
            for spoken in audition(settings, form, seeds, speaker.write, examples=run.examples):
                replies.append(spoken)
                bars.update(bar, advance=1, description=spoken.scenario)
        finally:
            speaker.close()
    return replies


def _print(report: SuiteReport, before: SuiteReport | None, samples: int) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for reply in list(report.replies)[:: max(1, len(report.replies) // samples)][:samples] if samples else ():
        failed = ", ".join(name for name, passed in reply.checks.items() if not passed)
        console.print(f"[bold]{escape(reply.scenario)}[/] [dim](seed {reply.seed})[/]")
        console.print(f"  {escape(reply.heard)}\n  {escape(reply.text)} [dim]{reply.emotion} {reply.deed}[/]")
        if failed:
            console.print(f"  [red]not: {failed}[/]")
    scenarios = len({(reply.setting, reply.scenario) for reply in report.replies})
    console.print(f"{report.model}: {scenarios} scenarios of {report.suite}, {report.seeds} seeds")
    if before is None:
        table = Table("rule", "rate", "95 %", "of")
        for name, found in report.rates().items():
            table.add_row(_title(name), *_cells(found), str(found.total))
    else:
        table = Table("rule", "before", "95 %", "after", "95 %", "difference, 95 %", "of")
        earlier, differences = before.rates(), report.against(before)
        for name, found in report.rates().items():
            was, change = earlier.get(name, Rate(0, 0)), differences.get(name)
            moved = (
                f"{change.share:+.0%} ({change.interval.low:+.0%} to {change.interval.high:+.0%})" if change else "-"
            )
            table.add_row(_title(name), *_cells(was), *_cells(found), moved, str(found.total))
        console.print(f"before: {before.model}")
    Console(highlight=False).print(table)
    kinds = Table("kind", "replies", _title(CHARACTER), "expected")
    for kind in report.kinds:
        rates = report.rates(kind)
        expected = [f"{check.title} {rates[check.name].share:.0%}" for check in EXPECTED if check.name in rates]
        kinds.add_row(kind, str(rates[CHARACTER].total), f"{rates[CHARACTER].share:.0%}", ", ".join(expected))
    Console(highlight=False).print(kinds)
    console.print("Intervals: Wilson 1927; of differences Newcombe 1998. The rules: npc-engine eval --help")


def _title(name: str) -> str:
    return next(check.title for check in CHECKS if check.name == name)


def _cells(found: Rate) -> tuple[str, str]:
    if not found.total:
        return "-", "-"
    low, high = found.interval()
    return f"{found.share:.1%}", f"{low:.0%} to {high:.0%}"
