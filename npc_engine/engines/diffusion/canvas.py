"""A canvas: the tokens of a reply while they form out of noise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from npc_engine.engines.diffusion.head import Reading
from npc_engine.engines.diffusion.noise import Keys, Use, tokens

#: Marks a position that is free.
FREE = -1


class Canvas:
    """`width` positions. `tokens` `(C,)` is what the next step sees, noise where nothing is accepted yet; `draft`
    `(C,)` is the model's best guess so far, and what a reply is made of.

    Clamped positions hold their token in every draft. The model has no notion of time and was trained on canvases that
    are noisy in some places and clean in others, so a clean token simply is context to it.
    """

    def __init__(
        self,
        width: int,
        *,
        vocab_size: int,
        hidden_size: int,
        planned: int = 1,
        seed: int = 0,
        number: int = 0,
        dtype: torch.dtype = torch.float32,
        device: torch.device | None = None,
    ) -> None:
        self.width = width
        self.step = 0
        self.planned = planned
        self._seed = (seed + 2**63) % 2**64 - 2**63  # torch's integers are signed
        self._number = number
        self._vocab_size = vocab_size
        self._positions = torch.arange(width, device=device)
        self._clamped = torch.full((width,), FREE, device=device)
        self.tokens = tokens(self.keys(), vocab_size, Use.START)
        self.draft = self.tokens.clone()
        self.soft = torch.zeros((width, hidden_size), dtype=dtype, device=device)
        self.entropy = torch.full((width,), torch.inf, device=device)
        self.settled = torch.zeros(width, dtype=torch.bool, device=device)

    def keys(self) -> Keys:
        """The noise of its present step."""
        seed, number, step = (
            torch.full_like(self._positions, value) for value in (self._seed, self._number, self.step)
        )
        return Keys(seed, number, step, self._positions)

    def clamp(self, start: int, ids: Sequence[int]) -> None:
        """Fix `ids` from position `start` on, for good."""
        held = torch.tensor(ids, dtype=self.tokens.dtype, device=self.tokens.device)
        place = slice(start, start + len(ids))
        self._clamped[place] = held
        self.tokens[place] = held
        self.draft[place] = held

    def clamp_all_but(self, ids: Sequence[int], open_positions: Iterable[int]) -> None:
        """Fix `ids` from the beginning, except at `open_positions`, which are in order."""
        start = 0
        for position in (*open_positions, len(ids)):
            self.clamp(start, ids[start:position])
            start = position + 1

    @property
    def free(self) -> Tensor:
        """`(C,)`: where nothing is clamped."""
        return self._clamped == FREE

    def take(self, reading: Reading, accepted: Tensor, clean: Tensor) -> None:
        """One step on. `accepted` `(C,)` are the positions whose drawn token stays; `clean` `(C, H)` are the embeddings
        of the tokens it held, which stand in for what the model expects where they are clamped."""
        free, step = self.free, self.keys()
        best = torch.where(free, reading.best, self._clamped)
        self.settled = best == self.draft if self.step else torch.zeros_like(self.settled)
        noise = tokens(step, self._vocab_size, Use.RENOISE)
        drawn = torch.where(accepted, reading.drawn, noise)
        self.tokens = torch.where(free, drawn, self._clamped)
        self.draft = best
        self.entropy = reading.entropy.masked_fill(~free, 0.0)
        self.soft = torch.where(free[:, None], reading.soft, clean)
        self.step += 1
