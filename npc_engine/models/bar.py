"""Fetching with a progress bar, for every command that needs a model."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from npc_engine.models.catalogue import Model
from npc_engine.models.fetch import fetch
from npc_engine.models.home import models_dir


def fetch_with_bar(model: Model) -> Path:
    """Fetch `model` into the engine's folder, the bar and every note on stderr. Raises what `fetch` raises."""
    console = Console(stderr=True)
    console.print(f"{model.title}, licence: {model.licence} ({model.licence_url})", highlight=False, soft_wrap=True)
    columns = (TextColumn(model.name), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        bar = bars.add_task(model.name, total=model.size_bytes)
        return fetch(
            model,
            models_dir(),
            progress=lambda done, total: bars.update(bar, completed=done, total=total),
            note=lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True),
        )
