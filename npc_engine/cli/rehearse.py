"""`npc-engine test`: a pack's dialogue tests, played through a daemon."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from npc_engine.cli.adapter_options import AdapterOption, Adapting, NoAdapterOption
from npc_engine.cli.console import reported_errors, stderr
from npc_engine.cli.engine_auto import Wanted, resolve
from npc_engine.cli.engine_options import MODEL_FREE, model_for_child, setting_arguments
from npc_engine.cli.readiness import wait_ready
from npc_engine.cli.serve import EngineOption, ModelOption, SettingsOption, ThreadsOption
from npc_engine.client import NpcClient
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.rehearsal.runner import Rehearsal, Run
from npc_engine.rehearsal.spec import DialogueTest, load_tests
from npc_engine.world.pack import find_pack, load_pack


def rehearse(
    pack: Annotated[str, typer.Argument(help="Character pack: a folder, or the name of a shipped one.")],
    engine: EngineOption = "llama",
    model: ModelOption = None,
    adapter: AdapterOption = None,
    no_adapter: NoAdapterOption = False,
    seeds: Annotated[int, typer.Option(min=1, max=100, help="Play each test with this many seeds.")] = 1,
    budget_ms: Annotated[
        int, typer.Option(min=1, max=600_000, help="Time every line has. Ample: what is said is tested, not how fast.")
    ] = 8_000,
    only: Annotated[str, typer.Option("--filter", help="Only tests with this in their name.")] = "",
    npc: Annotated[str, typer.Option(help="Only tests of this character.")] = "",
    min_rate: Annotated[
        float, typer.Option(min=0, max=1, help="Share of a test's runs, and of all runs, that must pass.")
    ] = 1.0,
    output: Annotated[Path | None, typer.Option("--json", help="Write the report here.")] = None,
    threads: ThreadsOption = 0,
    option: SettingsOption = [],  # noqa: B006 - typer reads the default, nobody changes it
) -> None:
    """Play the dialogue tests of a pack (its `tests/` folder). Exit code 1 if fewer than `--min-rate` of the runs pass.

    What a character knows and may do is judged with every engine, what it says only with a model.

    Examples:

      npc-engine test oakhollow --engine scripted

      npc-engine test ./my_characters --npc marta --seeds 5 --min-rate 0.8 --json report.json
    """
    with reported_errors():
        folder = find_pack(pack)
        loaded = load_pack(folder)
        tests = [test for test in load_tests(loaded) if only.lower() in test.name.lower() and npc in ("", test.npc)]
        if not tests:
            raise NpcError(ErrorCode.PACK_INVALID, f"no dialogue tests to play in {folder / 'tests'}")
        arguments = ["--saves", "none", "--threads", str(threads)]
        adapting = Adapting(adapter, no_adapter)
        arguments += [*adapting.arguments, *setting_arguments(option)]
        engine, model = resolve(engine, Wanted(model, tuple(option), threads, adapting))
        ready = model_for_child(engine, model, option)
        with NpcClient.launch(engine=engine, model=ready, pack=str(folder), arguments=arguments) as client:
            wait_ready(client, stderr)
            rehearsal = Rehearsal(loaded, client, budget_ms=budget_ms, scripted=engine in MODEL_FREE)
            runs = _play(rehearsal, tests, seeds)
    for run in runs:
        if not run.verdict.passed:
            _print_failure(run)
    report = summarise(runs, min_rate)
    print(
        f"{loaded.info.id}: {report['passed']} of {report['tests']} tests passed, "
        f"{report['rate']:.0%} of {len(runs)} runs; "
        f"{report['judged']} expectations judged, {report['unjudged']} not (they need a model)"
    )
    if output:
        output.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if report["rate"] < min_rate:
        raise typer.Exit(1)


def summarise(runs: list[Run], min_rate: float) -> dict[str, Any]:
    """The report: how many tests there are and passed, the share of runs that passed, and every run."""
    by_test: dict[str, list[bool]] = defaultdict(list)
    for run in runs:
        by_test[run.test].append(run.verdict.passed)
    return {
        "tests": len(by_test),
        "passed": sum(sum(passes) / len(passes) >= min_rate for passes in by_test.values()),
        "rate": sum(run.verdict.passed for run in runs) / len(runs),
        "judged": sum(run.verdict.judged for run in runs),
        "unjudged": sum(run.verdict.unjudged for run in runs),
        "runs": [run.as_json() for run in runs],
    }


def _play(rehearsal: Rehearsal, tests: list[DialogueTest], seeds: int) -> list[Run]:
    runs: list[Run] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=stderr, transient=True) as bars:
        bar = bars.add_task("playing", total=len(tests) * seeds)
        for run in rehearsal.play(tests, seeds):
            runs.append(run)
            bars.advance(bar)
    return runs


def _print_failure(run: Run) -> None:
    """The talk, and what was not as expected."""
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"\n[bold red]failed[/] {escape(run.test)} [dim](seed {run.seed})[/]")
    for line in run.lines:
        console.print(f"  [bold]player[/]  {escape(line.say)}")
        console.print(f"  [bold]{run.npc}[/]  {escape(line.answer.text)} [dim]{line.answer.source}[/]")
    for failure in run.verdict.failures:
        console.print(f"  [red]-[/] {escape(failure)}")
