"""From what the user typed to what a worker is started with; shared by every command that needs an engine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from npc_engine.cli.adapter_options import Adapting
from npc_engine.cli.room import Use, check_before_fetching
from npc_engine.engines import registry
from npc_engine.engines.adapter import read_adapter
from npc_engine.engines.base import ModelSpec
from npc_engine.engines.diffusion.config import read_config
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.catalogue import Checkpoint, Entry, Model, by_name, find
from npc_engine.models.choose import choose_checkpoint, choose_model, ensure_model, path_of
from npc_engine.worker.link import WorkerConfig

#: Engines that need no model file.
MODEL_FREE = frozenset({"scripted"})
#: Engines that can put a LoRA adapter on their model.
ADAPTED = frozenset({"llama", "openvino"})
#: The engine whose models are folders; those of the others are GGUF files.
DIFFUSION = "diffusion"
DIFFUSION_FORMAT = "gemma4"
#: `--option random_weights=...` of the diffusion engine: a made-up model of this size, to try and to measure.
RANDOM_WEIGHTS = "random_weights"
RANDOM_SIZES = ("tiny", "full")
#: What `npc-engine serve` has for characters at once and tokens of context, if nobody says.
PARALLEL, CONTEXT_TOKENS = 4, 2_048
#: A file of an unknown model, from this size on, is taken for one that can choose: about a billion parameters.
CHOOSING_BYTES = 700 << 20


def worker_config(
    *,
    engine: str,
    model: str | None,
    threads: int,
    parallel: int,
    context_tokens: int,
    options: list[str],
    log_level: str,
    gpu_share: float = 1.0,
    adapting: Adapting = Adapting(),
) -> WorkerConfig:
    """Resolve the model (fetching it if need be, with a progress bar) and build the worker's configuration.

    Raises what `model_spec` raises.
    """
    settings = parse_settings(options)
    spec = model_spec(engine, model, Use(parallel, context_tokens, settings), adapting)
    spec = msgspec.structs.replace(
        spec, context_tokens=context_tokens, max_parallel=parallel, threads=threads, gpu_share=gpu_share
    )
    return WorkerConfig(engine=engine, spec=spec, log_level=log_level)


def model_spec(engine: str, model: str | None, use: Use, adapting: Adapting) -> ModelSpec:
    """The model, fetched if need be, and its adapter.

    Raises NpcError: ENGINE_UNKNOWN, ENGINE_FAILED (a model of the wrong kind, an adapter of another model),
    MODEL_UNKNOWN, MODEL_MISSING, MODEL_TOO_LARGE, DOWNLOAD_FAILED, ...
    """
    registry.find(engine)
    settings = use.settings
    spec = _model(engine, model, use) if needs_model(engine, settings) else _without_model(engine, settings)
    return msgspec.structs.replace(spec, options=dict(settings), adapter=_adapter(engine, spec, adapting))


def parse_settings(options: Sequence[str]) -> dict[str, str]:
    """The `--option`s by name. Raises `NpcError` ENGINE_FAILED for one without a value."""
    return dict(_pair(option) for option in options)


def needs_model(engine: str, settings: Mapping[str, str]) -> bool:
    """Whether the engine loads a model from the disk."""
    return engine not in MODEL_FREE and not (engine == DIFFUSION and RANDOM_WEIGHTS in settings)


def model_for_child(engine: str, model: str | None, options: Sequence[str]) -> str | None:
    """What to hand a child daemon as `--model`, None if it needs none. Fetched here, where there is a terminal for the
    progress bar. Raises what `worker_config` raises."""
    registry.find(engine)
    if not needs_model(engine, parse_settings(options)):
        return None
    chosen = chosen_entry(engine, model)
    if isinstance(chosen, Path):
        return str(chosen)
    _fetched(chosen, Use(PARALLEL, CONTEXT_TOKENS, parse_settings(options)))
    return chosen.name


def setting_arguments(settings: Sequence[str]) -> list[str]:
    """The `--option`s of a child daemon."""
    return [part for setting in settings for part in ("--option", setting)]


def chosen_entry(engine: str, model: str | None) -> Entry | Path:
    """The model that is meant: one of the catalogue, or a place on the disk. Raises `NpcError` MODEL_UNKNOWN,
    MODEL_MISSING, or ENGINE_FAILED if it is none for this engine."""
    if model is None:
        return choose_checkpoint() if engine == DIFFUSION else choose_model(engine)
    entry = find(model)
    if entry is None and not _is_place(model):
        entry = by_name(model)
    if entry is None:
        place = Path(model).expanduser().resolve()
        _check_kind(engine, place)
        return place
    if engine not in entry.engines:
        runs = f"`--engine {entry.engines[0]}` runs it" if entry.engines else entry.quality
        raise NpcError(ErrorCode.ENGINE_FAILED, f"{entry.title} is no model for the {engine} engine: {runs}")
    return entry


def _fetched(entry: Entry, use: Use) -> Path:
    """Where it lies; fetched if it was not here, unless it is large and would not fit."""
    if isinstance(entry, Checkpoint) and path_of(entry) is None:
        check_before_fetching(entry, use)
    return ensure_model(entry)


def _model(engine: str, model: str | None, use: Use) -> ModelSpec:
    chosen = chosen_entry(engine, model)
    if not isinstance(chosen, Path):
        path = _fetched(chosen, use)
        adapter = chosen.adapter_path if isinstance(chosen, Model) and engine in ADAPTED else None
        return ModelSpec(chosen.name, path, chosen.chat_format, chosen.chooses, adapter=adapter)
    if engine == DIFFUSION:
        return ModelSpec(name=chosen.name, path=chosen, chat_format=DIFFUSION_FORMAT)
    chat_format = "gemma" if "gemma" in chosen.stem.lower() else "chatml"
    chooses = chosen.stat().st_size >= CHOOSING_BYTES
    return ModelSpec(name=chosen.stem, path=chosen, chat_format=chat_format, chooses=chooses)


def _adapter(engine: str, spec: ModelSpec, adapting: Adapting) -> Path | None:
    if adapting.file is None:
        return None if adapting.off else spec.adapter
    if adapting.off:
        raise NpcError(ErrorCode.ENGINE_FAILED, "--adapter and --no-adapter exclude each other")
    if engine not in ADAPTED or spec.path is None:
        message = f"the {engine} engine takes no adapter; {' and '.join(sorted(ADAPTED))} do"
        raise NpcError(ErrorCode.ENGINE_FAILED, message)
    return read_adapter(adapting.file.expanduser().resolve(), spec.path).path


def _without_model(engine: str, settings: Mapping[str, str]) -> ModelSpec:
    if engine != DIFFUSION:
        return ModelSpec(name=engine)
    size = settings[RANDOM_WEIGHTS]
    if size not in RANDOM_SIZES:
        message = f"--option {RANDOM_WEIGHTS}={size}: there are {' and '.join(RANDOM_SIZES)}"
        raise NpcError(ErrorCode.ENGINE_FAILED, message)
    return ModelSpec(name=f"random-{size}", chat_format=DIFFUSION_FORMAT)


def _is_place(model: str) -> bool:
    return model.endswith(".gguf") or os.sep in model or "/" in model or Path(model).is_dir()


def _check_kind(engine: str, place: Path) -> None:
    """A folder for the diffusion engine, a file for any other; anything else is told before a process is started."""
    if place.is_dir():
        read_config(place)
        if engine != DIFFUSION:
            message = f"{place} is a DiffusionGemma checkpoint, the {engine} engine runs GGUF files: "
            raise NpcError(ErrorCode.ENGINE_FAILED, message + f"use --engine {DIFFUSION}")
    elif not place.is_file():
        what = "folder" if engine == DIFFUSION else "file"
        raise NpcError(ErrorCode.MODEL_MISSING, f"no such {what}: {place}")
    elif engine == DIFFUSION:
        message = f"{place} is a file, the diffusion engine runs a checkpoint's folder with its config.json"
        hint = ": use --engine llama" if place.suffix == ".gguf" else ""
        raise NpcError(ErrorCode.ENGINE_FAILED, message + hint)


def _pair(option: str) -> tuple[str, str]:
    key, separator, value = option.partition("=")
    if not separator:
        raise NpcError(ErrorCode.ENGINE_FAILED, f"--option {option}: write it as name=value")
    return key, value
