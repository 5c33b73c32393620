"""The model that a voice is trained for."""

from __future__ import annotations

from pathlib import Path

from npc_engine.cli.adapter_options import Adapting
from npc_engine.cli.engine_options import worker_config
from npc_engine.engines.base import ModelSpec

#: Nothing is generated here: any window will do.
CONTEXT_TOKENS = 2_048


def base_model(name: str) -> tuple[ModelSpec, Path]:
    """A model of the catalogue or a GGUF file, fetched if need be, without any adapter, and where it lies. Raises
    NpcError: MODEL_UNKNOWN, MODEL_MISSING, DOWNLOAD_FAILED, ..."""
    spec = worker_config(
        engine="llama",
        model=name,
        threads=0,
        parallel=1,
        context_tokens=CONTEXT_TOKENS,
        options=[],
        log_level="WARNING",
        adapting=Adapting(off=True),
    ).spec
    assert spec.path is not None
    return spec, spec.path
