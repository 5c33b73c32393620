"""The openvino engine over a network that is none: what tests of its steps share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from engine_rig import Rig

from npc_engine.clock import SystemClock
from npc_engine.engines.base import ModelSpec
from npc_engine.engines.gguf import GgufHead
from npc_engine.engines.openvino import engine as module
from npc_engine.engines.openvino.engine import OpenVinoEngine
from npc_engine.jobs import Plan


class Letters:
    """Code points are tokens."""

    controls = line_ends = frozenset[int]()

    def __init__(self, *arguments: Any) -> None:
        pass

    def encode(self, text: str, special: bool) -> tuple[int, ...]:
        return tuple(map(ord, text))

    def decode(self, tokens: Sequence[int]) -> str:
        return "".join(map(chr, tokens))


def open_rig(monkeypatch: pytest.MonkeyPatch, network: type) -> Rig:
    """A rig whose engine runs on `network`. Close its engine."""
    monkeypatch.setattr(module, "Network", network)
    monkeypatch.setattr(module, "Tokens", Letters)
    monkeypatch.setattr(module, "convert", lambda *arguments: SimpleNamespace())
    monkeypatch.setattr(module, "read_head", lambda path: GgufHead("llama", 4_096, 1))
    clock = SystemClock()
    engine = OpenVinoEngine(clock)
    spec = ModelSpec(path=Path("model.gguf"), context_tokens=512, max_parallel=3, options={"cache_mib": "0"})
    engine.load(spec, lambda fraction, what: None)
    return Rig(engine, clock, deterministic=True, plan=Plan(4, 5))
