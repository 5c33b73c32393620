"""`npc-engine models`: which models there are, fetching one, and where it lies."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from npc_engine.cli.console import reported_errors, stderr
from npc_engine.models.bar import fetch_with_bar
from npc_engine.models.catalogue import by_name, catalogue
from npc_engine.models.choose import choose_model, file_of, model_here

app = typer.Typer(help="List the known models, fetch one, print where it lies.", no_args_is_help=True)

Name = Annotated[str | None, typer.Argument(help="A name from `models list`. Left out: the best one for this machine.")]


@app.command("list", epilog="Example: npc-engine models list")
def list_models() -> None:
    """Every model the engine knows, best first."""
    with reported_errors():
        table = Table()
        for heading in ("name", "size", "licence", "memory", "here", "engines", "what to expect"):
            table.add_column(heading, no_wrap=heading == "name")
        for model in catalogue():
            table.add_row(
                model.name,
                f"{model.size_bytes / 1e6:,.0f} MB",
                f"[link={model.licence_url}]{model.licence}[/link]",
                f"{model.memory_mb:,} MB",
                "yes" if file_of(model) else "no",
                ", ".join(model.engines),
                model.quality,
            )
        Console().print(table)


@app.command(epilog="Examples: npc-engine models pull | npc-engine models pull qwen2.5-coder-0.5b")
def pull(name: Name = None) -> None:
    """Fetch a model, or finish what an interrupted pull began, and check it. Prints its path."""
    with reported_errors():
        try:
            print(fetch_with_bar(by_name(name) if name else choose_model()))
        except KeyboardInterrupt:
            stderr.print("Stopped. What has arrived is kept; run the same command to go on.")
            raise typer.Exit(130) from None


@app.command(epilog='Example: llama-cli -m "$(npc-engine models path qwen2.5-coder-0.5b)"')
def path(name: Name = None) -> None:
    """Print where a model's file lies, and nothing else; for scripts. Never downloads."""
    with reported_errors():
        print(model_here(name)[1])
