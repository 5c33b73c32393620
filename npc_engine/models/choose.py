"""Which model to use on this machine, and its file."""

from __future__ import annotations

from pathlib import Path

import psutil
from rich.console import Console

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.bar import fetch_with_bar
from npc_engine.models.catalogue import Model, by_name, catalogue, default_model
from npc_engine.models.home import models_dir
from npc_engine.models.sources import hub_reachable


def file_of(model: Model) -> Path | None:
    """Where the model's file lies, or None if it is not here whole. Looks at its size; `fetch` checked the hash."""
    path = models_dir() / model.file
    return path if path.is_file() and path.stat().st_size == model.size_bytes else None


def choose_model() -> Model:
    """The model to use when nobody names one; says on stderr which and why. May ask the hub whether it is there."""
    choice = default_model(_memory_mb(), hub_reachable, _present())
    Console(stderr=True).print(choice.reason, markup=False, highlight=False, soft_wrap=True)
    return choice.model


def ensure_model(model: Model | None) -> tuple[Model, Path]:
    """The model, or the best one for this machine, and its file, which is fetched if it is not here.

    Raises what `fetch` raises.
    """
    chosen = model or choose_model()
    return chosen, file_of(chosen) or fetch_with_bar(chosen)


def model_here(name: str | None) -> tuple[Model, Path]:
    """The model `name`, or the best one on this machine, and its file; never touches the network.

    Raises `NpcError` MODEL_UNKNOWN or MODEL_MISSING.
    """
    model = by_name(name) if name else default_model(_memory_mb(), lambda: False, _present()).model
    path = file_of(model)
    if path is None:
        command = f"npc-engine models pull {name or ''}".rstrip()
        raise NpcError(ErrorCode.MODEL_MISSING, f"{model.name} is not on this machine. Run `{command}`.")
    return model, path


def _present() -> set[str]:
    return {model.name for model in catalogue() if file_of(model)}


def _memory_mb() -> int:
    return int(psutil.virtual_memory().total // 2**20)
