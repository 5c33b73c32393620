"""From tokens to rows, and from hidden rows back to tokens: the embedding, tied to the head."""

from __future__ import annotations

import torch
from torch import Tensor

from npc_engine.engines.diffusion.kernels.vocabulary_head import (
    Reading,
    Unembedding,
    choose_labels,
    read_vocabulary,
)
from npc_engine.engines.diffusion.noise import Keys
from npc_engine.engines.diffusion.weights import Weights

__all__ = ["Head", "Reading"]


class Head:
    """The embedding, read both ways."""

    def __init__(self, weights: Weights) -> None:
        self._embedding = weights.embedding
        # Rounded as the reference does: the square root of the hidden size in the type of the weights.
        self.embedding_scale = torch.tensor(weights.config.hidden_size**0.5, device=weights.device).to(weights.dtype)
        self._backwards = Unembedding(weights.embedding, weights.config.logit_softcap, self.embedding_scale)

    def embed(self, tokens: Tensor) -> Tensor:
        """`(N,)` token ids to rows `(N, H)`."""
        return self._embedding[tokens] * self.embedding_scale

    def read(self, rows: Tensor, temperature: Tensor, keys: Keys) -> Reading:
        """`rows` `(N, H)` at temperatures `(N,)`, drawn with the noise of `keys`."""
        return read_vocabulary(rows, self._backwards, temperature, keys)

    def choose(self, row: Tensor, options: Tensor, temperature: float, key: Keys) -> int:
        """One of the tokens `options` `(n,)` at one row `(H,)`: only they are scored. `key` has one entry. At
        temperature 0 it is the likeliest."""
        warmth = torch.full((1,), temperature, device=row.device)
        return int(choose_labels(row[None], self._backwards, options[None], warmth, key))
