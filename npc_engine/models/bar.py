"""Fetching with a progress bar, for every command that needs a model."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from npc_engine.models.catalogue import Checkpoint, Entry, Shipped
from npc_engine.models.checkpoint import fetch_checkpoint
from npc_engine.models.fetch import fetch
from npc_engine.models.home import models_dir


def fetch_with_bar(entry: Entry) -> Path:
    """Fetch `entry` into the engine's folder, the bar and every note on stderr. Raises what `fetch` and
    `fetch_checkpoint` raise."""
    console = Console(stderr=True)
    if isinstance(entry, Shipped):
        return entry.folder
    console.print(f"{entry.title}, licence: {entry.licence} ({entry.licence_url})", highlight=False, soft_wrap=True)
    columns = (TextColumn(entry.name), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        bar = bars.add_task(entry.name, total=entry.size_bytes)

        def progress(done: int, total: int) -> None:
            bars.update(bar, completed=done, total=total)

        def note(line: str) -> None:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

        if isinstance(entry, Checkpoint):
            return fetch_checkpoint(entry, models_dir(), progress=progress, note=note)
        return fetch(entry, models_dir(), progress=progress, note=note)
