"""From tokens to rows, and from hidden rows back to tokens: the embedding, tied to the head."""

from __future__ import annotations

import torch
from torch import Tensor

from npc_engine.engines.diffusion.kernels import vocabulary_head
from npc_engine.engines.diffusion.kernels.vocabulary_head import NO_OPTION, Reading, Unembedding, Verdict
from npc_engine.engines.diffusion.noise import Keys
from npc_engine.engines.diffusion.weights import Weights

__all__ = ["NO_OPTION", "Head", "Reading", "Verdict"]


class Head:
    """The embedding, read both ways. With `top`, what is expected is the mean of so many tokens, the likeliest, and not
    of all."""

    def __init__(self, weights: Weights, top: int = 0) -> None:
        self._top = top
        self._embedding = weights.embedding
        # Rounded as the reference does: the square root of the hidden size in the type of the weights.
        self.embedding_scale = torch.tensor(weights.config.hidden_size**0.5, device=weights.device).to(weights.dtype)
        self._backwards = Unembedding(weights.embedding, weights.config.logit_softcap, self.embedding_scale)

    def embed(self, tokens: Tensor) -> Tensor:
        """`(N,)` token ids to rows `(N, H)`."""
        return self._embedding[tokens] * self.embedding_scale

    def read(self, rows: Tensor, temperature: Tensor, keys: Keys) -> Reading:
        """`rows` `(N, H)` at temperatures `(N,)`, drawn with the noise of `keys`."""
        return vocabulary_head.read_vocabulary(rows, self._backwards, temperature, keys, self._top)

    def read_last(self, rows: Tensor, temperature: Tensor) -> Verdict:
        """The same for rows after which no step comes: nothing is drawn, and nothing expected."""
        return vocabulary_head.read_last(rows, self._backwards, temperature)

    def choose(self, rows: Tensor, options: Tensor, temperature: Tensor, keys: Keys) -> Tensor:
        """`(Q,)`: for each of `rows` `(Q, H)` one of its `options` `(Q, O)`, which end in `NO_OPTION` where there are
        fewer: only they are scored. At a temperature of 0, of `(Q,)`, it is the likeliest."""
        return vocabulary_head.choose_labels(rows, self._backwards, options, temperature, keys)
