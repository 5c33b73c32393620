"""Engines by name. A new engine is one file and one line here; its library is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import NamedTuple, cast

from npc_engine.clock import Clock
from npc_engine.engines.base import Engine
from npc_engine.errors import ErrorCode, NpcError


class Entry(NamedTuple):
    """Where an engine's class is, and what installs its library."""

    module: str
    factory: str
    install: str


ENGINES = {
    "diffusion": Entry(
        "npc_engine.engines.diffusion.engine", "DiffusionEngine", 'pip install "npc-dialogue-engine[gpu]"'
    ),
    "llama": Entry("npc_engine.engines.llama", "LlamaEngine", "pip install xllamacpp"),
    "openvino": Entry(
        "npc_engine.engines.openvino.engine", "OpenVinoEngine", 'pip install "npc-dialogue-engine[openvino]"'
    ),
    "scripted": Entry("npc_engine.engines.scripted", "ScriptedEngine", "pip install npc-dialogue-engine"),
}


def find(name: str) -> Entry:
    """The engine called `name`. Raises `NpcError` ENGINE_UNKNOWN."""
    entry = ENGINES.get(name)
    if entry is None:
        raise NpcError(ErrorCode.ENGINE_UNKNOWN, f"no engine {name!r}; there are {', '.join(sorted(ENGINES))}")
    return entry


def create(name: str, clock: Clock) -> Engine:
    """A new engine, not loaded yet. Raises `NpcError` ENGINE_UNKNOWN or ENGINE_UNAVAILABLE."""
    entry = find(name)
    try:
        module = import_module(entry.module)
    except ImportError as error:
        message = f"the {name} engine cannot be imported ({error}). Run `{entry.install}`."
        raise NpcError(ErrorCode.ENGINE_UNAVAILABLE, message) from error
    factory = cast(Callable[[Clock], Engine], getattr(module, entry.factory))
    return factory(clock)
