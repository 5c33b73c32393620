"""The tokeniser in a GGUF file, asked of llama.cpp itself: what it says is what is served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from npc_engine.engines.llama_server import LlamaServer, ServerOptions
from training.voice.lessons import Tokenise

#: It reads no prompt.
CONTEXT_TOKENS = 256


@contextmanager
def tokeniser(path: Path) -> Iterator[Tokenise]:
    """The tokeniser of the model at `path`, for as long as it is open. Raises NpcError ENGINE_FAILED."""
    options = ServerOptions(
        path=path, slots=1, context_tokens=CONTEXT_TOKENS, threads=1, gpu_layers=0, spare_cache_mib=0
    )
    server = LlamaServer(options)
    try:
        yield server.tokenise
    finally:
        server.close()
