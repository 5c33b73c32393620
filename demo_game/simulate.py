"""`python -m demo_game.simulate`: days in Oakhollow without a window, and the chronicle of what was said in them."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from demo_game.simulation import chronicle, plot
from demo_game.simulation.cast import MOST_PEOPLE, gather
from demo_game.simulation.chronicle import clock
from demo_game.simulation.days import TICKS_A_DAY, Days
from demo_game.simulation.rumours import look_into
from demo_game.simulation.storyteller import SimulationError, Storyteller
from demo_game.simulation.summary import summarise

app = typer.Typer(add_completion=False)


@app.command()
def main(
    days: Annotated[int, typer.Option(min=1, max=30, help="How many days.")] = 1,
    npcs: Annotated[int, typer.Option(min=2, max=MOST_PEOPLE, help="How many people; 8 are Oakhollow's own.")] = 24,
    engine: Annotated[str, typer.Option(help="scripted (quick, no model) or llama.")] = "scripted",
    model: Annotated[
        str | None, typer.Option(help="For llama: a name from `npc-engine models list`, or a file.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same village and the same days.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder for chronicle.md, knowledge.png and summary.json.")] = Path(
        "chronicle"
    ),
    budget_ms: Annotated[int, typer.Option(min=100, max=600_000, help="Time a line may take.")] = 60_000,
) -> None:
    """Let days pass in Oakhollow: people follow their rounds, things happen, and the news goes from mouth to mouth.

    Examples:

      python -m demo_game.simulate

      python -m demo_game.simulate --days 3 --npcs 40 --seed 7 --out october

      python -m demo_game.simulate --npcs 8 --engine llama --budget-ms 20000
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        simulate(days, npcs, engine, model, seed, out, budget_ms)
    except (SimulationError, OSError, ValueError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None


def simulate(days: int, npcs: int, engine: str, model: str | None, seed: int, out: Path, budget_ms: int) -> None:
    """Do it, with a progress bar on stderr. Raises SimulationError, OSError, ValueError."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with (
        tempfile.TemporaryDirectory(prefix="oakhollow-") as temporary,
        Progress(*columns, console=Console(stderr=True)) as progress,
    ):
        folder = Path(temporary)
        cast = gather(npcs, seed, folder / "oakhollow")
        with Storyteller(engine, model, folder / "oakhollow", folder / "saves.sqlite") as storyteller:
            bar = progress.add_task("the storyteller wakes", total=1.0)
            for share, _detail in storyteller.wait_until_ready():
                progress.update(bar, completed=share)
            begun_s = time.monotonic()
            passing = Days(storyteller, cast, days, seed, budget_ms)
            progress.reset(bar, total=days * TICKS_A_DAY)
            for hour in passing.pass_():
                progress.update(bar, advance=1, description=f"day {int(hour // 24) + 1}, {clock(hour)}")
            wall_s = time.monotonic() - begun_s
            journal = passing.journal
            looks = look_into(storyteller, list(cast.people), journal.rumours)
    title = f"{npcs} people, {days} day{'s' * (days > 1)}, seed {seed}, {engine} engine"
    summary = summarise(journal, looks, cast, days, wall_s)
    (out / "chronicle.md").write_text(chronicle.write(journal, cast, title), encoding="utf-8", newline="\n")
    plot.draw(journal.rumours, looks, cast, days, title, out / "knowledge.png")
    (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8", newline="\n")
    typer.echo(f"{out}: {summary['meetings']} meetings, {summary['lines']} lines, {len(summary['rumours'])} rumours")


if __name__ == "__main__":
    app()
