"""From what the user typed to what a worker is started with; shared by every command that needs an engine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from npc_engine.engines import registry
from npc_engine.engines.base import ModelSpec
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.catalogue import by_name
from npc_engine.models.choose import ensure_model
from npc_engine.worker.link import WorkerConfig

#: Engines that need no model file.
MODEL_FREE = frozenset({"scripted"})


def worker_config(
    *,
    engine: str,
    model: str | None,
    threads: int,
    parallel: int,
    context_tokens: int,
    options: list[str],
    log_level: str,
) -> WorkerConfig:
    """Resolve the model (fetching it if need be, with a progress bar) and build the worker's configuration.

    Raises NpcError: ENGINE_UNKNOWN, MODEL_UNKNOWN, MODEL_MISSING, DOWNLOAD_FAILED, ...
    """
    registry.find(engine)
    settings = dict(_pair(option) for option in options)
    if engine in MODEL_FREE:
        spec = ModelSpec(name=engine, max_parallel=parallel, context_tokens=context_tokens, options=settings)
    else:
        spec = msgspec.structs.replace(
            _model(model),
            context_tokens=context_tokens,
            max_parallel=parallel,
            threads=threads,
            options=settings,
        )
    return WorkerConfig(engine=engine, spec=spec, log_level=log_level)


#: A file of an unknown model, from this size on, is taken for one that can choose: about a billion parameters.
CHOOSING_BYTES = 700 << 20


def _is_file(model: str | None) -> bool:
    return model is not None and (model.endswith(".gguf") or os.sep in model)


def _model(model: str | None) -> ModelSpec:
    if model is not None and _is_file(model):
        path = Path(model).expanduser()
        if not path.is_file():
            raise NpcError(ErrorCode.MODEL_MISSING, f"no such file: {path}")
        chat_format = "gemma" if "gemma" in path.stem.lower() else "chatml"
        chooses = path.stat().st_size >= CHOOSING_BYTES
        return ModelSpec(name=path.stem, path=path.resolve(), chat_format=chat_format, chooses=chooses)
    entry, path = ensure_model(by_name(model) if model else None)
    return ModelSpec(name=entry.name, path=path, chat_format=entry.chat_format, chooses=entry.chooses)


def model_ready(model: str | None) -> str:
    """What to hand a child daemon as `--model`. Fetched here, where there is a terminal for the progress bar."""
    spec = _model(model)
    return str(spec.path) if _is_file(model) else spec.name


def setting_arguments(settings: Sequence[str]) -> list[str]:
    """The `--option`s of a child daemon."""
    return [part for setting in settings for part in ("--option", setting)]


def _pair(option: str) -> tuple[str, str]:
    key, separator, value = option.partition("=")
    if not separator:
        raise NpcError(ErrorCode.ENGINE_FAILED, f"--option {option}: write it as name=value")
    return key, value
