"""Model files for tests marked `model`; without the file such a test is skipped and says what is missing."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

# Kernels for graphics cards run in Triton's interpreter, unless a card is what is tested (`pytest -m gpu`). Triton asks
# when it is first imported, by whatever test.
if "gpu" not in sys.argv:
    os.environ.setdefault("TRITON_INTERPRET", "1")

SMALL_MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
DEFAULT_MODEL = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
#: Read before any test changes the environment.
MODELS = Path(os.environ.get("NPC_ENGINE_HOME") or Path.home() / ".npc_engine") / "models"
CHOSEN = os.environ.get("NPC_ENGINE_TEST_MODEL")


def model_file(path: Path) -> Path:
    if not path.is_file():
        pytest.skip(f"no model file at {path}; `npc-engine models pull` fetches it")
    return path


@pytest.fixture(scope="session")
def small_model() -> Path:
    """The small test model: `NPC_ENGINE_TEST_MODEL`, else the one in the models folder."""
    return model_file(Path(CHOSEN) if CHOSEN else MODELS / SMALL_MODEL)


@pytest.fixture(scope="session")
def default_model() -> Path:
    """The model that players get by default."""
    return model_file(MODELS / DEFAULT_MODEL)
