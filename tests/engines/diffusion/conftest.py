"""The tiny checkpoint, once for all tests of the diffusion engine. They are left out where Hugging Face's reference,
which they are compared with, is not installed: `pip install -e ".[dev,reference]"`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

try:
    import torch
    import transformers  # noqa: F401

    from npc_engine.engines.diffusion.tiny_checkpoint import write_checkpoint
except ImportError:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    """Tiny matrices lose more by threads than they gain."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tiny")
    write_checkpoint(folder)
    return folder
