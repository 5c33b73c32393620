"""Noise that depends on nothing but its key: (seed, canvas, step, position). So a line is the same whoever else is in
the batch, and the same again after a pause.

The generator is Philox4x32 with 7 rounds, the fewest that pass BigCrush (Salmon et al., "Parallel random numbers: as
easy as 1, 2, 3", 2011). It has no state: a counter goes in, four words of 32 bits come out.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import torch
from torch import Tensor

ROUNDS = 7
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_WORD = 0xFFFFFFFF


class Use(IntEnum):
    """What noise is for: each use has numbers of its own."""

    START = 0  # the first, random canvas
    SAMPLE = 1  # which token is drawn at a position
    RENOISE = 2  # what replaces a token that was not accepted
    CHOICE = 3  # which option a choice slot takes


class Keys(NamedTuple):
    """One key per row. All tensors `(N,)`, int64; `seed` may use all 64 bits."""

    seed: Tensor
    canvas: Tensor
    step: Tensor
    position: Tensor


def words(keys: Keys, count: int, use: Use) -> Tensor:
    """`(N, count)` random words of 32 bits, as int64."""
    device = keys.seed.device
    blocks = -(-count // 4)
    lanes = [
        torch.arange(blocks, device=device).expand(len(keys.seed), blocks),
        keys.position[:, None].expand(-1, blocks),
        (((keys.canvas << 16) | keys.step) & _WORD)[:, None].expand(-1, blocks),
        torch.full((len(keys.seed), blocks), int(use), device=device),
    ]
    low, high = (keys.seed & _WORD)[:, None], ((keys.seed >> 32) & _WORD)[:, None]
    for _ in range(ROUNDS):
        left, right = lanes[0] * _MULTIPLIERS[0], lanes[2] * _MULTIPLIERS[1]
        lanes = [
            ((right >> 32) & _WORD) ^ lanes[1] ^ low,
            right & _WORD,
            ((left >> 32) & _WORD) ^ lanes[3] ^ high,
            left & _WORD,
        ]
        low, high = (low + _KEY_STEPS[0]) & _WORD, (high + _KEY_STEPS[1]) & _WORD
    return torch.stack(lanes, dim=-1).flatten(1)[:, :count]


def tokens(keys: Keys, vocab_size: int, use: Use) -> Tensor:
    """`(N,)` token ids, uniform over the vocabulary (multiply and shift: Lemire, 2019)."""
    return (words(keys, 1, use)[:, 0] * vocab_size) >> 32


def exponentials(keys: Keys, count: int, use: Use) -> Tensor:
    """`(N, count)` float32 from the exponential distribution: argmax(p / noise) draws from p, as
    `torch.multinomial` does."""
    # 24 bits fill a float32; the half keeps the logarithm finite.
    uniform = ((words(keys, count, use) >> 8).to(torch.float32) + 0.5) * 2.0**-24
    return -uniform.log()
