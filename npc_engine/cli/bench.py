"""`npc-engine bench load`: many clients and characters, one budget; what came back and when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from npc_engine.cli.adapter_options import AdapterOption, Adapting, NoAdapterOption
from npc_engine.cli.bench_diffusion import diffusion
from npc_engine.cli.console import reported_errors, stderr
from npc_engine.cli.engine_options import setting_arguments
from npc_engine.cli.load import Load, run_load, summarise
from npc_engine.cli.serve import (
    DEFAULT_PACK,
    EngineOption,
    ModelOption,
    PackOption,
    ParallelOption,
    SettingsOption,
    ShareOption,
)

app = typer.Typer(name="bench", help="Measure the engine on this machine.", no_args_is_help=True)


@app.callback()
def bench() -> None:
    """Measure the engine on this machine."""


app.command("diffusion")(diffusion)


@app.command()
def load(
    engine: EngineOption = "scripted",
    clients: Annotated[int, typer.Option(min=1, max=128, help="Games connected at once.")] = 16,
    npcs: Annotated[int, typer.Option(min=1, max=256, help="Characters they talk to.")] = 8,
    rate: Annotated[
        float, typer.Option(min=0, help="Lines a second each client asks for; 0: one second after each reply.")
    ] = 0.3,
    budget_ms: Annotated[int, typer.Option(min=1, max=600_000, help="Budget of every line.")] = 1_000,
    seconds: Annotated[float, typer.Option(min=1, help="How long to ask.")] = 20,
    output: Annotated[Path | None, typer.Option("--json", help="Write the numbers here.")] = None,
    address: Annotated[str | None, typer.Option(help="Use the daemon at this address instead of starting one.")] = None,
    model: ModelOption = None,
    adapter: AdapterOption = None,
    no_adapter: NoAdapterOption = False,
    pack: PackOption = DEFAULT_PACK,
    parallel: ParallelOption = 4,
    gpu_share: ShareOption = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of the arrival times and of the lines.")] = 1,
    option: SettingsOption = [],  # noqa: B006 - typer reads the default, nobody changes it
    show: Annotated[int, typer.Option(min=0, help="Print this many of the lines that came back.")] = 0,
) -> None:
    """Ask a daemon for lines at a given rate and count what comes back.

    Arrivals are random (exponential) and do not wait for answers, so a slow daemon is not flattered.

    Examples:

      npc-engine bench load --engine scripted --clients 16 --npcs 8 --rate 0.3 --budget-ms 1000 --seconds 60

      npc-engine bench load --engine llama --clients 4 --npcs 4 --rate 0 --budget-ms 4000 --json load.json
    """
    asked = Load(clients=clients, npcs=npcs, rate=rate, budget_ms=budget_ms, seconds=seconds, seed=seed)
    arguments = ["--engine", engine, "--pack", pack, "--parallel", str(parallel), "--saves", "none"]
    arguments += ["--gpu-share", str(gpu_share), *(["--model", model] if model else [])]
    arguments += [*Adapting(adapter, no_adapter).arguments, *setting_arguments(option)]
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with reported_errors(), Progress(*columns, console=stderr) as bars:
        bar = bars.add_task("starting", total=1.0)

        def report(part: float, what: str) -> None:
            bars.update(bar, completed=part, description=what)

        tally = run_load(asked, arguments, address, report)
    numbers = summarise(asked, tally)
    _print(numbers)
    for line in tally.samples[:show]:
        print(line)
    if output:
        output.write_text(json.dumps(numbers, indent=2) + "\n", encoding="utf-8")


def _print(numbers: dict[str, object]) -> None:
    table = Table(show_header=False)
    for key, value in numbers.items():
        table.add_row(key, json.dumps(value) if isinstance(value, dict) else str(value))
    Console().print(table)
