"""`npc-engine conformance`: whether a client keeps the protocol."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from npc_engine.cli.console import reported_errors, stderr
from npc_engine.conformance import clients
from npc_engine.conformance.runner import AT_ONCE, Run, play_all
from npc_engine.conformance.scenario import Scenario, load

#: Its median and 99th percentile are what the table shows.
COST_SCENARIO = "poll-cost"


def conformance(
    command: Annotated[
        list[str] | None, typer.Argument(help="After `--`: a driver of your own, see protocol/conformance/DRIVER.md.")
    ] = None,
    client: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(clients.CLIENTS)}; may be given several times.")
    ] = None,
    only: Annotated[str, typer.Option(help="Only scenarios with this anywhere in their name.")] = "",
    output: Annotated[Path | None, typer.Option("--json", help="Write the report here.")] = None,
    plugins: Annotated[
        Path, typer.Option(help="The repository's `protocol` folder, for the Godot and C# clients.")
    ] = clients.PLUGINS,
    at_once: Annotated[int, typer.Option(min=1, max=16, help="Scenarios played at the same time.")] = AT_ONCE,
    listed: Annotated[bool, typer.Option("--list", help="Only say which scenarios there are.")] = False,
) -> None:
    """Drive a client through every scenario against real and fake daemons. Exit code 1 unless all pass.

    Examples:

      npc-engine conformance --client python

      npc-engine conformance --client godot --client csharp --json report.json

      npc-engine conformance --only reconnect -- ./my-driver --my-option

      npc-engine conformance --list
    """
    scenarios = [scenario for scenario in load() if only in scenario.name]
    chosen = list(dict.fromkeys(client or []))
    unknown = [name for name in chosen if name not in clients.CLIENTS]
    if unknown:
        raise typer.BadParameter(f"no client {unknown[0]!r}; there are {', '.join(clients.CLIENTS)}")
    if listed:
        _list(scenarios)
        return
    if not chosen and not command:
        raise typer.BadParameter("name a --client, or give a driver's command after `--`")
    if not scenarios:
        raise typer.BadParameter(f"no scenario has {only!r} in its name")
    runs: dict[str, list[Run]] = {}
    with tempfile.TemporaryDirectory(prefix="npc-drivers-", ignore_cleanup_errors=True) as folder, reported_errors():
        try:
            drivers = {name: clients.driver(name, plugins, Path(folder)) for name in chosen}
            if command:
                drivers[Path(command[0]).name] = command
            for name, started in drivers.items():
                runs[name] = _play(name, scenarios, started, at_once)
        except (clients.ClientUnavailable, OSError) as cause:
            typer.echo(f"error: {cause}", err=True)
            raise typer.Exit(1) from None
    _print(scenarios, runs)
    report = summarise(runs)
    if output:
        output.write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if any(each["passed"] < each["scenarios"] for each in report.values()):
        raise typer.Exit(1)


def _list(scenarios: list[Scenario]) -> None:
    table = Table("scenario", "section of PROTOCOL.md", "what it shows")
    for scenario in scenarios:
        table.add_row(scenario.name, scenario.section, scenario.about)
    Console(highlight=False).print(table)


def summarise(runs: dict[str, list[Run]]) -> dict[str, Any]:
    """The report: by client how many scenarios there were, how many passed, and each of them."""
    return {
        name: {
            "scenarios": len(played),
            "passed": sum(not run.failures for run in played),
            "runs": [run.as_json() for run in played],
        }
        for name, played in runs.items()
    }


def _play(client: str, scenarios: list[Scenario], command: list[str], at_once: int) -> list[Run]:
    runs: list[Run] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=stderr, transient=True) as bars:
        bar = bars.add_task(client, total=len(scenarios))
        for run in play_all(scenarios, command, at_once):
            runs.append(run)
            bars.advance(bar)
    return runs


def _print(scenarios: list[Scenario], runs: dict[str, list[Run]]) -> None:
    """What failed and why, then scenarios by clients."""
    console = Console(highlight=False, soft_wrap=True)
    by_name = {client: {run.scenario: run for run in played} for client, played in runs.items()}
    for client, played in by_name.items():
        for run in played.values():
            if run.failures:
                console.print(f"\n[bold red]failed[/] {client}: {run.scenario}")
                for failure in run.failures:
                    console.print(f"  [red]-[/] {escape(failure)}")
                if run.log:
                    console.print(f"[dim]{escape(run.log.rstrip())}[/]")
    table = Table("scenario", *by_name)
    for scenario in scenarios:
        table.add_row(scenario.name, *(_outcome(played[scenario.name]) for played in by_name.values()))
    table.add_section()
    table.add_row("passed", *(f"{sum(not run.failures for run in each)} of {len(each)}" for each in runs.values()))
    if any(scenario.name == COST_SCENARIO for scenario in scenarios):
        table.add_row("poll p50 / p99, us", *(_cost(played[COST_SCENARIO]) for played in by_name.values()))
    console.print(table)


def _outcome(run: Run) -> str:
    outcome = "[red]failed[/]" if run.failures else "passed"
    return f"{outcome}, played again: the machine was overloaded" if run.again else outcome


def _cost(run: Run) -> str:
    cost = run.poll_cost
    return "-" if cost is None else f"{cost.p50_us:.0f} / {cost.p99_us:.0f}"
