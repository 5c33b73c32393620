"""From hidden rows to tokens: the tied vocabulary head, and all that a denoising step wants to know of it.

Dense, a few rows at a time, so that the `(N, V)` scores of a whole step never exist together. It is the reference that
a fused kernel has to match.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from npc_engine.engines.diffusion.config import HEAD_ROWS
from npc_engine.engines.diffusion.noise import Keys, Use, exponentials
from npc_engine.engines.diffusion.weights import Weights


class Reading(NamedTuple):
    """What the head makes of `N` rows.

    `best` `(N,)` is the likeliest token, `drawn` `(N,)` one drawn at random, `entropy` `(N,)` in nats says how sure
    the model is, `soft` `(N, H)` is the mean embedding of what it expects.
    """

    best: Tensor
    drawn: Tensor
    entropy: Tensor
    soft: Tensor


class Head:
    """The embedding, read backwards."""

    def __init__(self, weights: Weights) -> None:
        self._embedding = weights.embedding
        self._cap = weights.config.logit_softcap
        # Rounded as the reference does: the square root of the hidden size in the type of the weights.
        self.embedding_scale = torch.tensor(weights.config.hidden_size**0.5, device=weights.device).to(weights.dtype)

    def embed(self, tokens: Tensor) -> Tensor:
        """`(N,)` token ids to rows `(N, H)`."""
        return self._embedding[tokens] * self.embedding_scale

    def read(self, rows: Tensor, temperature: Tensor, keys: Keys) -> Reading:
        """`rows` `(N, H)` at temperatures `(N,)`, drawn with the noise of `keys`."""
        spans = [slice(at, at + HEAD_ROWS) for at in range(0, len(rows), HEAD_ROWS)]
        parts = [self._read(rows[span], temperature[span], Keys(*(key[span] for key in keys))) for span in spans]
        return Reading(*(torch.cat(part) for part in zip(*parts, strict=True)))

    def choose(self, row: Tensor, options: Tensor, temperature: float, key: Keys) -> int:
        """One of the tokens `options` `(n,)` at one row `(H,)`: only they are scored. `key` has one entry. At
        temperature 0 it is the likeliest."""
        scores = self._scores(row[None], self._embedding[options])[0]
        if temperature <= 0.0:
            return int(options[scores.argmax()])
        chances = (scores / temperature).softmax(-1)
        return int(options[(chances / exponentials(key, len(options), Use.CHOICE)[0]).argmax()])

    def _read(self, rows: Tensor, temperature: Tensor, keys: Keys) -> Reading:
        scores = self._scores(rows, self._embedding) / temperature[:, None]
        chances = scores.softmax(-1)
        logarithms = scores - scores.logsumexp(-1, keepdim=True)
        entropy = -(logarithms * logarithms.softmax(-1)).sum(-1)
        drawn = (chances / exponentials(keys, scores.shape[-1], Use.SAMPLE)).argmax(-1)
        # What conditions the next step is rounded to the type of the weights before it becomes chances again.
        expected = scores.to(rows.dtype).to(scores.dtype).softmax(-1).to(rows.dtype)
        return Reading(scores.argmax(-1), drawn, entropy, expected @ self._embedding * self.embedding_scale)

    def _scores(self, rows: Tensor, embedding: Tensor) -> Tensor:
        exact = (rows @ embedding.T).to(torch.promote_types(rows.dtype, torch.float32))
        return torch.tanh(exact / self._cap) * self._cap
