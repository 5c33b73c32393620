"""Random tokens by key, in Triton."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from npc_engine.engines.diffusion.noise import ROUNDS, Keys, Use

BLOCK = 128


@triton.jit
def _draw(
    seeds,
    canvases,
    steps,
    positions,
    tokens,
    count,
    vocab,
    USE: tl.constexpr,
    ROUNDS: tl.constexpr,
    BLOCK: tl.constexpr,
):
    row = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    here = row < count
    seed = tl.load(seeds + row, mask=here, other=0)
    position = tl.load(positions + row, mask=here, other=0).to(tl.uint32)
    canvas = tl.load(canvases + row, mask=here, other=0)
    step = tl.load(steps + row, mask=here, other=0)
    nothing = tl.zeros((BLOCK,), tl.uint32)
    both = ((canvas << 16) | step).to(tl.uint32)
    word, _, _, _ = tl.philox(seed, nothing, position, both, nothing + USE, n_rounds=ROUNDS)
    tl.store(tokens + row, ((word.to(tl.uint64) * vocab) >> 32).to(tl.int64), mask=here)


def fresh_tokens(keys: Keys, vocab_size: int, use: Use) -> Tensor:
    """`noise.tokens` of `keys`: the first word of each key's first call of the generator, brought into the range."""
    count = len(keys.seed)
    tokens = torch.empty_like(keys.seed)
    parts = [key.contiguous() for key in keys]
    _draw[(triton.cdiv(count, BLOCK),)](*parts, tokens, count, vocab_size, USE=int(use), ROUNDS=ROUNDS, BLOCK=BLOCK)
    return tokens
