"""The least time that a denoising step can take: what has to be read and computed, by what a card can do.

All weights that are needed are read once, keys and values once for each sequence, rows a few times a layer; nothing is
counted for starting kernels, or for what does not overlap. Experts are picked evenly, which is the worst for reading:
a row that picks `k` of `E` leaves each expert alone with a chance of 1 - k/E.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from npc_engine.engines.diffusion.config import ModelConfig
from npc_engine.engines.diffusion.fit import BF16_BYTES, Setup, channel_bytes
from npc_engine.engines.diffusion.weight_format import WeightFormat

#: How often a layer reads or writes its rows, between the matrices.
ROW_PASSES = 12


class Chip(msgspec.Struct, frozen=True):
    """What a card reaches: bytes a second of reading and writing, and operations a second on bf16 matrices."""

    name: str
    bytes_per_s: float
    flops_per_s: float


#: What programs that do nothing else reach on it, not what the data sheet says.
H200 = Chip("H200", 4.3e12, 790e12)


class Floor(msgspec.Struct, frozen=True):
    """Milliseconds: the layers, and the head with what is expected of the next step."""

    trunk_ms: float
    head_ms: float

    @property
    def step_ms(self) -> float:
        """All of it."""
        return self.trunk_ms + self.head_ms


class Step(msgspec.Struct, frozen=True):
    """`lines` canvases of `width` tokens, each behind `context` tokens, with weights in this format."""

    lines: int
    width: int
    context: int
    kept: WeightFormat = WeightFormat.PLAIN

    @property
    def rows(self) -> int:
        """Rows of the step."""
        return self.lines * self.width


def floor(config: ModelConfig, step: Step, chip: Chip) -> Floor:
    """The least a step takes on a card: the longer one of reading and computing, for layers and head apart."""
    read, flops = _rows_cost(config, step)
    setup = Setup(step.lines, step.context, step.kept)
    for there, asked, out, into in _matrices(config, step.rows):
        read += there * out * channel_bytes(into, setup)
        flops += 2 * step.rows * asked * out * into
    vocabulary = config.vocab_size * config.hidden_size
    head_s = max(2 * vocabulary * BF16_BYTES / chip.bytes_per_s, 4 * step.rows * vocabulary / chip.flops_per_s)
    return Floor(1e3 * max(read / chip.bytes_per_s, flops / chip.flops_per_s), 1e3 * head_s)


def experts_hit(config: ModelConfig, rows: int) -> float:
    """How many experts of a layer so many rows ask for, on average."""
    return config.experts * (1.0 - (1.0 - config.experts_per_token / config.experts) ** rows)


def _rows_cost(config: ModelConfig, step: Step) -> tuple[float, float]:
    """Bytes and operations of what is not weights: keys and values, attention, the rows themselves."""
    read = len(config.layers) * step.rows * config.hidden_size * BF16_BYTES * ROW_PASSES
    flops = 0.0
    for layer in config.layers:
        before = min(step.context, layer.window - 1) if layer.is_sliding else step.context
        seen = before + step.width
        read += step.lines * 2 * layer.kv_heads * layer.head_dim * seen * BF16_BYTES
        flops += 4 * step.rows * config.heads * layer.head_dim * seen
    return read, flops


def _matrices(config: ModelConfig, rows: int) -> Iterator[tuple[float, int, int, int]]:
    """How many are read, how many each row goes through, their outputs and inputs."""
    hidden, inner = config.hidden_size, config.intermediate_size
    yield 3, 3, inner, hidden  # the conditioning on the step before
    for layer in config.layers:
        projections = 2 if layer.is_sliding else 1
        yield 2, 2, config.heads * layer.head_dim, hidden
        yield projections, projections, layer.kv_heads * layer.head_dim, hidden
        yield 3, 3, inner, hidden
        yield 1, 1, config.experts, hidden
        yield 3 * experts_hit(config, rows), 3 * config.experts_per_token, config.expert_size, hidden
