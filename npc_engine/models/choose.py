"""Which model to use on this machine, and where it lies."""

from __future__ import annotations

from pathlib import Path

import psutil
from rich.console import Console

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.bar import fetch_with_bar
from npc_engine.models.catalogue import (
    Checkpoint,
    Choice,
    Entry,
    Model,
    Shipped,
    by_name,
    catalogue,
    checkpoints,
    default_model,
)
from npc_engine.models.catalogue import default_models as candidates
from npc_engine.models.checkpoint import is_whole
from npc_engine.models.home import models_dir
from npc_engine.models.sources import hub_reachable


def path_of(entry: Entry) -> Path | None:
    """Where the model lies, a file or a folder, or None if it is not here whole. Looks at sizes; `models pull` checked
    the hashes."""
    if isinstance(entry, Shipped):
        return entry.folder
    if isinstance(entry, Checkpoint):
        folder = models_dir() / entry.name
        return folder if is_whole(folder) else None
    path = models_dir() / entry.file
    return path if path.is_file() and path.stat().st_size == entry.size_bytes else None


def choose_model(engine: str = "llama") -> Model:
    """The model that `engine` is to use when nobody names one; says on stderr which and why. May ask the hub whether it
    is there."""
    choice = default_model(_memory_mb(), hub_reachable, _present(), engine)
    Console(stderr=True).print(choice.reason, markup=False, highlight=False, soft_wrap=True)
    return choice.model


def default_models(engine: str) -> list[Choice]:
    """What to try when nobody names a model, best first, each with its reason. May ask the hub whether it is there."""
    return candidates(_memory_mb(), hub_reachable, _present(), engine)


def choose_checkpoint() -> Checkpoint:
    """The best checkpoint on this machine. Raises `NpcError` MODEL_MISSING: nobody is made to fetch 50 GB unasked."""
    for checkpoint in checkpoints():
        if path_of(checkpoint) is not None:
            return checkpoint
    usable = [
        f"`npc-engine models pull {checkpoint.name}` (about {checkpoint.size_bytes / 1e9:.0f} GB)"
        for checkpoint in checkpoints()
        if checkpoint.engines
    ]
    message = f"This engine's models are large, so none is fetched unasked. Run {' or '.join(usable)} first."
    raise NpcError(ErrorCode.MODEL_MISSING, message)


def ensure_model(entry: Entry) -> Path:
    """Where the model lies, once it was fetched if it was not here. Raises what `fetch_with_bar` raises."""
    return path_of(entry) or fetch_with_bar(entry)


def model_here(name: str | None) -> tuple[Entry, Path]:
    """The model `name`, or the best one on this machine, and where it lies; never touches the network.

    Raises `NpcError` MODEL_UNKNOWN or MODEL_MISSING.
    """
    model = by_name(name) if name else default_model(_memory_mb(), lambda: False, _present()).model
    path = path_of(model)
    if path is None:
        command = f"npc-engine models pull {name or ''}".rstrip()
        raise NpcError(ErrorCode.MODEL_MISSING, f"{model.name} is not on this machine. Run `{command}`.")
    return model, path


def _present() -> set[str]:
    return {model.name for model in catalogue() if path_of(model)}


def _memory_mb() -> int:
    return int(psutil.virtual_memory().total // 2**20)
