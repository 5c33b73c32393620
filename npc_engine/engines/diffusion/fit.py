"""What a checkpoint needs in memory and whether a device has it: told before a byte of it is read.

`python -m npc_engine.engines.diffusion.fit` prints the graphics cards as JSON, for callers that must not import torch.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

from npc_engine.engines.diffusion.config import HEAD_ROWS, WIDTH_MAX, ModelConfig
from npc_engine.engines.diffusion.weight_format import GROUP, WeightFormat, stored_format
from npc_engine.errors import ErrorCode, NpcError

GIB = 1 << 30
#: Bytes per number in bfloat16, and of the scale that FP8 keeps for each output channel.
BF16_BYTES = 2
SCALE_BYTES = 4
#: What a step itself takes is dominated by the head, which scores `HEAD_ROWS` rows at a time in float32 and holds, at
#: its peak, this many matrices of scores (8.2 measured).
SCORES = 9
LOGIT_BYTES = 4


class Setup(msgspec.Struct, frozen=True):
    """How a model is to be run: `characters` at once with a window of `context_tokens` each, and bytes a number."""

    characters: int
    context_tokens: int
    kept: WeightFormat = WeightFormat.PLAIN
    element_bytes: int = BF16_BYTES


class Need(msgspec.Struct, frozen=True):
    """Bytes for the weights, for the keys and values of all characters, and for one step."""

    weights: int
    cache: int
    step: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.cache + self.step


class Card(msgspec.Struct, frozen=True):
    """A graphics card; bytes. `free` is what no process has taken."""

    name: str
    free: int
    total: int


def need(config: ModelConfig, setup: Setup) -> Need:
    """What the model takes, counted from its shape. Norms, a few MiB, are left out."""
    # The embedding, the routers, and what conditions a step on the one before, stay as they are in FP8 and int4 too.
    plain = config.hidden_size * (
        config.vocab_size + len(config.layers) * config.experts + 3 * config.intermediate_size
    )
    matrices = sum(count * out * channel_bytes(width, setup) for count, out, width in _matrices(config))
    return Need(
        weights=plain * setup.element_bytes + matrices,
        cache=setup.characters * (setup.context_tokens + WIDTH_MAX) * config.kv_token_elements * setup.element_bytes,
        step=SCORES * HEAD_ROWS * config.vocab_size * LOGIT_BYTES,
    )


def check_fit(config: ModelConfig, setup: Setup, free_bytes: int, where: str) -> Need:
    """What the model takes, if `where` ("this card") has it free.

    Raises `NpcError` ENGINE_FAILED with the numbers otherwise, and with the settings nearest to these that would fit.
    """
    needed = need(config, setup)
    if needed.total <= free_bytes:
        return needed
    message = (
        f"needs {gib(needed.weights + needed.step)} for weights and a step and {gib(needed.cache)} for "
        f"{_characters(setup.characters)} of {setup.context_tokens:,} tokens; {where} has {gib(free_bytes)} free: "
        f"{_advice(config, setup, free_bytes)}"
    )
    raise NpcError(ErrorCode.ENGINE_FAILED, message)


def stored_as(folder: Path) -> WeightFormat:
    """How the checkpoint lies on the disk; it takes no more in memory. `folder` has a `config.json`. What the engine
    cannot read counts as plain: loading it says so."""
    found = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("quantization_config")
    return stored_format(found) or WeightFormat.PLAIN


def cards() -> list[Card]:
    """The graphics cards that torch can use here. Imports torch, which takes seconds. Raises ImportError without it."""
    import torch

    found = []
    for index in range(torch.cuda.device_count()):
        free, total = torch.cuda.mem_get_info(index)
        found.append(Card(torch.cuda.get_device_name(index), free, total))
    return found


def gib(count: int) -> str:
    """Bytes as people read them."""
    return f"{count / GIB:,.1f} GiB"


def _advice(config: ModelConfig, setup: Setup, free_bytes: int) -> str:
    for characters in range(setup.characters, 0, -1):
        for kept in dict.fromkeys(map(setup.kept.smaller, WeightFormat)):
            other = msgspec.structs.replace(setup, characters=characters, kept=kept)
            if need(config, other).total <= free_bytes:
                changes = [f"--option weights={kept}"] if kept is not setup.kept else []
                changes += [f"--parallel {characters}"] if characters < setup.characters else []
                return f"use {' '.join(changes)}"
    least = need(config, msgspec.structs.replace(setup, characters=1, kept=WeightFormat.INT4))
    return f"in int4 and for one character it would still need {gib(least.total)}, so use another machine or engine"


def _characters(count: int) -> str:
    return f"{count} characters" if count > 1 else "one character"


def channel_bytes(inputs: int, setup: Setup) -> int:
    """What one output of a matrix takes."""
    match setup.kept:
        case WeightFormat.FP8:
            return inputs + SCALE_BYTES
        case WeightFormat.INT4:
            return inputs // 2 + inputs // GROUP * setup.element_bytes
    return inputs * setup.element_bytes


def _matrices(config: ModelConfig) -> Iterator[tuple[int, int, int]]:
    """How many, outputs and inputs of all that is quantised."""
    hidden, inner, expert = config.hidden_size, config.intermediate_size, config.expert_size
    for layer in config.layers:
        yield 2, inner, hidden
        yield 1, hidden, inner
        yield 1, config.heads * layer.head_dim, hidden
        yield (2 if layer.is_sliding else 1), layer.kv_heads * layer.head_dim, hidden
        yield 1, hidden, config.heads * layer.head_dim
        yield config.experts, 2 * expert, hidden
        yield config.experts, hidden, expert


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(cards()))
