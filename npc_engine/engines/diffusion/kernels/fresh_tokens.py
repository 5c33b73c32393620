"""Random tokens by key: noise for what was not accepted. In torch that is a hundred small passes, on a card one."""

from __future__ import annotations

from torch import Tensor

from npc_engine.engines.diffusion import noise
from npc_engine.engines.diffusion.kernels import dispatch
from npc_engine.engines.diffusion.noise import Keys, Use


def fresh_tokens(keys: Keys, vocab_size: int, use: Use, rows: Tensor) -> Tensor:
    """`noise.tokens`: `(N,)` token ids, uniform over the vocabulary. `rows` are those of the step, which say where it
    runs."""
    if dispatch.runs_triton(rows):
        from npc_engine.engines.diffusion.kernels.device import fresh_tokens as device

        return device.fresh_tokens(keys, vocab_size, use)
    return noise.tokens(keys, vocab_size, use)
